// SPDX-License-Identifier: MIT
// app.js - draws the deals of /v3/deals: board filter, pages by cursor, empty and error states.
// Text from boards is only ever set as text, and only http(s) addresses become links.
'use strict';

(() => {
const PAGE = 40;
const WORDS = {
  ko: {
    title: 'CatchDeal · 핫딜 모아보기', skip: '핫딜 목록으로 건너뛰기', tag: '여러 게시판의 핫딜을 한곳에서',
    refresh: '새로고침', boards: '게시판', all: '전체', more: '더 보기', loading: '불러오는 중…',
    foot: '상품과 가격은 각 게시판의 글에 따릅니다.', api: 'JSON API', soldOut: '품절', deleted: '삭제됨',
    free: '무료', view: '조회', comment: '댓글', like: '추천', shop: '쇼핑몰', newTab: '새 창',
    today: '오늘', yesterday: '어제', now: '방금 전', retry: '다시 시도',
    loaded: n => `핫딜 ${n}개를 불러왔습니다.`,
    emptyTitle: '아직 모은 핫딜이 없습니다', emptyText: '크롤러가 게시판을 한 번 돌고 나면 여기에 나타납니다. 서버에서 다음 명령으로 시작하세요.',
    emptyBoard: '이 게시판에는 아직 핫딜이 없습니다', emptyBoardText: '다른 게시판을 고르거나 다음 수집을 기다려 주세요.', showAll: '전체 보기',
    errorTitle: '핫딜을 불러오지 못했습니다', errorAway: '데이터베이스가 아직 준비되지 않았거나 응답하지 않습니다. 잠시 후 다시 시도해 주세요.',
    errorNet: '서버에 연결할 수 없습니다. 네트워크를 확인한 뒤 다시 시도해 주세요.',
  },
  en: {
    title: 'CatchDeal · hot deals', skip: 'Skip to the deals', tag: 'Hot deals of many boards in one place',
    refresh: 'Refresh', boards: 'Boards', all: 'All', more: 'Show more', loading: 'Loading…',
    foot: 'Products and prices are as posted on each board.', api: 'JSON API', soldOut: 'Sold out', deleted: 'Deleted',
    free: 'Free', view: 'Views', comment: 'Comments', like: 'Likes', shop: 'Shop', newTab: 'new tab',
    today: 'Today', yesterday: 'Yesterday', now: 'just now', retry: 'Try again',
    loaded: n => `${n} deals loaded.`,
    emptyTitle: 'No deals yet', emptyText: 'They appear here once the crawler has been around the boards. Start it on the server:',
    emptyBoard: 'No deals on this board yet', emptyBoardText: 'Pick another board or wait for the next crawl.', showAll: 'Show all',
    errorTitle: 'The deals could not be loaded', errorAway: 'The database is not ready yet or does not answer. Please try again in a moment.',
    errorNet: 'The server cannot be reached. Check the network and try again.',
  },
};

const query = new URLSearchParams(location.search);
const wanted = query.get('lang') || navigator.language || 'ko';
const lang = wanted.toLowerCase().startsWith('ko') ? 'ko' : 'en';
const t = WORDS[lang];
const $ = id => document.getElementById(id);
const count = new Intl.NumberFormat(lang, { notation: 'compact', maximumFractionDigits: 1 });
const ago = new Intl.RelativeTimeFormat(lang, { numeric: 'always' });
const dayName = new Intl.DateTimeFormat(lang, { month: 'long', day: 'numeric', weekday: 'short' });
const fullTime = new Intl.DateTimeFormat(lang, { dateStyle: 'long', timeStyle: 'short' });

const state = {
  site: query.get('site') || '',
  cursor: null,
  boards: new Map(), // site -> shown name, of every deal seen so far
  shown: 0,
  lastDay: '',
  turn: 0, // answers of an earlier turn are dropped
};

function el(tag, className, text) {
  const e = document.createElement(tag);
  if (className) e.className = className;
  if (text !== undefined) e.textContent = text;
  return e;
}

function icon(name) {
  const ns = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(ns, 'svg');
  const use = document.createElementNS(ns, 'use');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  use.setAttribute('href', `#i-${name}`);
  svg.append(use);
  return svg;
}

function webAddress(text) {
  try {
    const url = new URL(text);
    return url.protocol === 'https:' || url.protocol === 'http:' ? url.href : null;
  } catch {
    return null;
  }
}

function link(address, className, text) {
  const a = el('a', className, text);
  a.href = address;
  a.target = '_blank';
  a.rel = 'noopener noreferrer nofollow';
  return a;
}

function hue(site) {
  let hash = 0;
  for (const c of site) hash = (hash * 31 + c.codePointAt(0)) % 9973;
  // The four boards of the beginning keep colours that differ.
  const fixed = { ppomppu: 0, clien: 1, ruliweb: 2, dealbada: 3 }[site];
  return `hue-${fixed ?? hash % 8}`;
}

function price(deal) {
  if (deal.price === null) return '';
  if (deal.price === 0) return t.free;
  const currency = deal.currency || 'KRW';
  if (currency === 'KRW' && lang === 'ko') return `${new Intl.NumberFormat('ko').format(deal.price)}원`;
  try {
    return new Intl.NumberFormat(lang, { style: 'currency', currency, currencyDisplay: 'narrowSymbol' }).format(deal.price);
  } catch {
    return `${deal.price} ${currency}`;
  }
}

function age(then) {
  const minutes = Math.round((Date.now() - then) / 60000);
  if (minutes < 1) return t.now;
  if (minutes < 60) return ago.format(-minutes, 'minute');
  if (minutes < 24 * 60) return ago.format(-Math.round(minutes / 60), 'hour');
  return ago.format(-Math.round(minutes / 1440), 'day');
}

const moment = deal => new Date(deal.posted_at || deal.created_at);

function dayOf(date) {
  const midnight = new Date();
  midnight.setHours(0, 0, 0, 0);
  if (date >= midnight) return t.today;
  midnight.setDate(midnight.getDate() - 1);
  return date >= midnight ? t.yesterday : dayName.format(date);
}

function counter(name, value) {
  if (value === null) return [];
  const span = el('span', 'count');
  span.title = `${t[name]} ${value.toLocaleString(lang)}`;
  span.append(icon(name), el('span', 'hidden-text', t[name]), ` ${count.format(value)}`);
  return [span];
}

function titleOf(deal) {
  const title = el('h3', 'title');
  const address = webAddress(deal.url);
  if (deal.is_deleted) title.append(el('span', 'badge', t.deleted));
  else if (deal.sold_out) title.append(el('span', 'badge', t.soldOut));
  title.append(address ? link(address, '', deal.title) : el('span', '', deal.title));
  return title;
}

function buyOf(deal) {
  const buy = el('div', 'buy');
  const shop = webAddress(deal.redirect_url);
  const cost = price(deal);
  if (cost) buy.append(el('span', 'price', cost));
  if (shop) {
    const a = link(shop, 'shop', deal.mall || t.shop);
    a.append(icon('out'), el('span', 'hidden-text', ` (${t.newTab})`));
    buy.append(a);
  } else if (deal.mall) {
    buy.append(el('span', 'mall', deal.mall));
  }
  return buy;
}

function metaOf(deal) {
  const meta = el('div', 'meta');
  const when = moment(deal);
  const time = el('time', 'age', age(when));
  time.dateTime = when.toISOString();
  time.title = fullTime.format(when);
  meta.append(el('span', `board ${hue(deal.site)}`, deal.website), time, ...counter('view', deal.view),
    ...counter('comment', deal.comment), ...counter('like', deal.like));
  return meta;
}

function card(deal) {
  const li = el('li');
  const article = el('article', deal.sold_out || deal.is_deleted ? 'deal over' : 'deal');
  const tile = el('div', `tile ${hue(deal.site)}`, [...deal.website][0] || '?');
  tile.setAttribute('aria-hidden', 'true');
  article.append(tile, titleOf(deal), buyOf(deal), metaOf(deal));
  li.append(article);
  return li;
}

function append(deals) {
  let first = null;
  for (const deal of deals) {
    const day = dayOf(moment(deal));
    if (day !== state.lastDay) {
      state.lastDay = day;
      $('list').append(el('h2', 'day', day), el('ol', 'deals'));
    }
    const item = card(deal);
    $('list').lastElementChild.append(item);
    first = first || item;
    state.boards.set(deal.site, deal.website);
  }
  state.shown += deals.length;
  return first;
}

function drawBoards() {
  const sorted = [...state.boards].sort((a, b) => a[1].localeCompare(b[1], 'ko'));
  const buttons = [['', t.all], ...sorted].map(([site, name]) => {
    const li = el('li');
    const button = el('button', '', name);
    button.type = 'button';
    button.dataset.site = site;
    button.setAttribute('aria-pressed', String(site === state.site));
    li.append(button);
    return li;
  });
  const focused = document.activeElement?.dataset?.site;
  $('boards').replaceChildren(...buttons);
  if (focused !== undefined) $('boards').querySelector(`[data-site="${CSS.escape(focused)}"]`)?.focus();
}

function ghosts() {
  const list = el('ol', 'deals');
  for (let i = 0; i < 8; i++) {
    const li = el('li');
    li.append(el('div', 'deal ghost'));
    list.append(li);
  }
  list.setAttribute('aria-hidden', 'true');
  return list;
}

function notice(title, text, { hint, action, onAction } = {}) {
  $('notice-title').textContent = title;
  $('notice-text').textContent = text;
  $('notice-hint').hidden = !hint;
  $('notice-hint').firstElementChild.textContent = hint || '';
  $('retry').hidden = !action;
  $('retry').textContent = action || '';
  $('retry').onclick = onAction || null;
  $('notice').hidden = false;
  $('status').textContent = title;
}

async function fetchDeals(wish) {
  const url = new URL('/v3/deals', location.href);
  for (const [name, value] of Object.entries(wish)) if (value) url.searchParams.set(name, value);
  const answer = await fetch(url, { headers: { Accept: 'application/json' } });
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.json();
}

// A page that was opened on one board offers the others as well.
async function learnBoards() {
  try {
    for (const deal of (await fetchDeals({ limit: 100 })).data) state.boards.set(deal.site, deal.website);
    drawBoards();
  } catch { /* the list itself tells */ }
}

function showEmpty() {
  if (state.site)
    notice(t.emptyBoard, t.emptyBoardText, { action: t.showAll, onAction: () => choose('') });
  else
    notice(t.emptyTitle, t.emptyText, { hint: 'catchdeal-engine run', action: t.refresh, onAction: start });
}

async function load(again) {
  const turn = state.turn;
  const fromMore = state.shown > 0;
  $('notice').hidden = true;
  $('more').setAttribute('aria-busy', 'true');
  $('more').textContent = t.loading;
  try {
    const page = await fetchDeals({ limit: PAGE, site: state.site, cursor: state.cursor });
    if (turn !== state.turn) return;
    if (!fromMore) $('list').replaceChildren();
    const first = append(page.data);
    state.cursor = page.next_cursor;
    $('more').hidden = !page.has_more;
    drawBoards();
    if (!state.shown) showEmpty();
    else $('status').textContent = t.loaded(state.shown);
    if (fromMore && first) first.querySelector('a')?.focus({ preventScroll: true });
  } catch (error) {
    if (turn !== state.turn) return;
    if (!fromMore) $('list').replaceChildren();
    $('more').hidden = true;
    notice(t.errorTitle, /^\d+$/.test(error.message) ? t.errorAway : t.errorNet, { action: t.retry, onAction: again });
  } finally {
    $('more').removeAttribute('aria-busy');
    $('more').textContent = t.more;
  }
}

const loadMore = () => load(loadMore);

function start() {
  state.turn++;
  Object.assign(state, { cursor: null, shown: 0, lastDay: '' });
  $('more').hidden = true;
  $('list').replaceChildren(ghosts());
  load(start);
}

function choose(site) {
  state.site = site;
  const url = new URL(location.href);
  if (site) url.searchParams.set('site', site);
  else url.searchParams.delete('site');
  history.replaceState(null, '', url);
  drawBoards();
  start();
}

function translate() {
  document.documentElement.lang = lang;
  document.title = t.title;
  for (const e of document.querySelectorAll('[data-t]')) e.textContent = t[e.dataset.t];
  for (const e of document.querySelectorAll('[data-label]')) e.setAttribute('aria-label', t[e.dataset.label]);
}

translate();
$('boards').addEventListener('click', e => {
  const button = e.target.closest('button');
  if (button) choose(button.dataset.site);
});
$('more').addEventListener('click', loadMore);
$('refresh').addEventListener('click', start);
setInterval(() => {
  for (const e of document.querySelectorAll('time.age')) e.textContent = age(new Date(e.dateTime));
}, 60000);
drawBoards();
start();
if (state.site) learnBoards();
})();
