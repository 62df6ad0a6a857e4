// SPDX-License-Identifier: MIT
// main.js - the page: search, boards, pages by cursor as the reader scrolls, news, language and colours.
//
// A turn is one choice of board and search; answers of an earlier turn are dropped. News wait behind a button, so that
// nothing moves under the reader's eyes; what happens to deals that are shown is drawn at once.
import { $, el } from './dom.js';
import { Feed } from './feed.js';
import { bindKeys } from './keys.js';
import { Live } from './live.js';
import { remember, remembered } from './prefs.js';
import { fetchBoards, fetchDeals } from './server.js';
import { ageText, lang, speak, t } from './words.js';

const PAGE = 40;
const LOOK = 100;       // deals that are asked for to see what was missed
const SCROLL_PAGES = 25; // then a button: the footer can be reached
const EMPTY_PAGES = 5;  // pages in a row without a match, then a button
const TYPING_MS = 300;
const COMPOSING_MS = 700; // a syllable that is not finished finds nothing
const SOON_MS = 1500;

const query = new URLSearchParams(location.search);
const feed = new Feed($('list'));
const boards = new Map(); // site -> shown name
const news = new Map();   // product_id -> deal that is not shown yet
const state = {
  site: query.get('site') || '', q: query.get('q') || '',
  cursor: null, hasMore: false, isLoading: false, failed: false, pages: 0,
  missedMany: false, // more is new than one look shows
  abort: new AbortController(),
};
const wish = () => ({ site: state.site, q: state.q });

// ---- what is told --------------------------------------------------------------------------------

function say(text) {
  $('status').textContent = text;
}

let told = null; // the notice, as a function, so that it can be said again in the other language

function notice(make) {
  told = make;
  const { title, text, hint, action, onAction } = make();
  $('notice-title').textContent = title;
  $('notice-text').textContent = text;
  $('notice-hint').hidden = !hint;
  $('notice-hint').firstElementChild.textContent = hint || '';
  $('retry').textContent = action;
  $('retry').onclick = onAction;
  $('retry').hidden = false;
  $('notice').hidden = false;
  say(title);
}

function hideNotice() {
  told = null;
  $('notice').hidden = true;
}

function showEmpty() {
  if (state.hasMore)
    notice(() => ({ title: t.furtherTitle, text: t.furtherText, action: t.further, onAction: () => load() }));
  else if (state.q)
    notice(() => ({ title: t.emptySearch(state.q), text: t.emptySearchText, action: t.clear, onAction: clearSearch }));
  else if (state.site)
    notice(() => ({ title: t.emptyBoard, text: t.emptyBoardText, action: t.showAll, onAction: () => choose({ site: '' }) }));
  else
    notice(() => ({ title: t.emptyTitle, text: t.emptyText, hint: 'catchdeal-engine run', action: t.refresh, onAction: start }));
}

function showFailure(status) {
  notice(() => ({
    title: t.errorTitle,
    text: { 0: t.errorNet, 429: t.errorOften, 503: t.errorAway }[status] || t.errorOther,
    action: t.retry, onAction: () => load(),
  }));
}

// ---- pages ---------------------------------------------------------------------------------------

function drawMore() {
  $('more').hidden = !state.hasMore || state.failed || !feed.size;
  $('more').textContent = state.isLoading ? t.loading : t.more;
  $('more').setAttribute('aria-disabled', String(state.isLoading));
  $('list').setAttribute('aria-busy', String(state.isLoading));
}

// A page may be short or empty and yet not the last one, where few deals fit.
async function nextPage(signal) {
  for (let i = 0; i < EMPTY_PAGES; i++) {
    const page = await fetchDeals({ limit: PAGE, cursor: state.cursor, ...wish() }, signal);
    state.cursor = page.next_cursor;
    state.hasMore = page.has_more;
    if (page.data.length || !page.has_more) return page.data;
  }
  return [];
}

async function load() {
  if (state.isLoading) return [];
  const { signal } = state.abort;
  const isFirst = state.cursor === null;
  Object.assign(state, { isLoading: true, failed: false });
  hideNotice();
  drawMore();
  try {
    const deals = await nextPage(signal);
    if (isFirst) feed.clear();
    const articles = feed.append(deals);
    for (const deal of deals) news.delete(deal.product_id);
    state.pages++;
    state.isLoading = false;
    learn(deals);
    drawNews();
    if (feed.size) say(t.loaded(feed.size));
    else showEmpty();
    return articles;
  } catch (error) {
    if (signal.aborted) return [];
    if (!error.status && error.status !== 0) throw error;
    if (isFirst) feed.clear();
    Object.assign(state, { isLoading: false, failed: true });
    showFailure(error.status);
    return [];
  } finally {
    if (!signal.aborted) {
      drawMore();
      watchEnd();
    }
  }
}

const end = new IntersectionObserver(([entry]) => {
  if (entry.isIntersecting && state.hasMore && feed.size && !state.failed && state.pages % SCROLL_PAGES) load();
}, { rootMargin: '1200px 0px' });

// It tells of changes only: asked again after each page, it says that the end is still in sight.
function watchEnd() {
  end.disconnect();
  end.observe($('more'));
}

function ghosts() {
  return Array.from({ length: 8 }, () => {
    const ghost = el('div', 'card ghost');
    ghost.setAttribute('aria-hidden', 'true');
    return ghost;
  });
}

function start() {
  state.abort.abort();
  live.follow(null);
  news.clear();
  Object.assign(state, { cursor: null, hasMore: false, isLoading: false, pages: 0, missedMany: false, abort: new AbortController() });
  feed.clear();
  $('list').append(...ghosts());
  drawNews();
  load().then(() => live.follow(wish()));
}

// ---- news ----------------------------------------------------------------------------------------

function drawNews() {
  $('news').hidden = !news.size && !state.missedMany;
  $('news').textContent = state.missedMany ? t.manyNews : t.news(news.size);
  document.title = (news.size ? `(${news.size}) ` : '') + t.title;
}

let sold = []; // titles, said together
let soldTimer = 0;

function saySold(deal) {
  sold.push(deal.title);
  clearTimeout(soldTimer);
  soldTimer = setTimeout(() => {
    say(sold.length > 3 ? t.soldMany(sold.length) : t.soldNow(sold.join(', ')));
    sold = [];
  }, SOON_MS);
}

// isEvent: the stream's deals do not tell where else they are. isAmong: its place is among those that are shown.
function take(deal, isEvent, isAmong) {
  const known = feed.get(deal.product_id) || news.get(deal.product_id);
  if (known && isEvent) deal.also_on = known.also_on;
  if (feed.get(deal.product_id)) {
    if (deal.sold_out && !known.sold_out) saySold(deal);
    feed.update(deal);
  } else if (known || (isAmong && !deal.is_deleted)) {
    news.set(deal.product_id, deal);
  }
}

// isAmong(deal, i)
function takeAll(deals, isEvent, isAmong) {
  const before = news.size;
  if (!feed.size && !state.isLoading && deals.length) {
    start();
    return;
  }
  deals.forEach((deal, i) => take(deal, isEvent, !state.hasMore || isAmong(deal, i)));
  learn(deals);
  drawNews();
  if (news.size > before) say(t.newsCame(news.size));
}

// What was missed while nobody listened, and what the stream does not tell: counters, other boards.
async function look() {
  const { signal } = state.abort;
  try {
    const page = await fetchDeals({ limit: LOOK, ...wish() }, signal);
    if (signal.aborted || state.isLoading) return;
    const last = page.data.findLastIndex(deal => feed.get(deal.product_id));
    state.missedMany ||= feed.size > 0 && page.has_more && page.data.length === LOOK && last < 0;
    takeAll(page.data, false, (deal, i) => i < last);
  } catch { /* the next look may see it */ }
}

let lookTimer = 0;

function lookSoon() {
  clearTimeout(lookTimer);
  lookTimer = setTimeout(look, SOON_MS * (1 + Math.random())); // not all readers at once
}

function showNews() {
  if ($('news').hidden) return;
  if (state.missedMany) {
    scrollTo(0, 0);
    start();
    return;
  }
  const articles = feed.insert([...news.values()]);
  news.clear();
  drawNews();
  const first = [...$('list').children].find(article => articles.includes(article));
  first?.focus({ preventScroll: true });
  if (first === $('list').firstElementChild) scrollTo(0, 0);
  else first?.scrollIntoView({ block: 'center' });
}

const live = new Live({
  onDeal: deal => {
    const isNew = !feed.get(deal.product_id);
    takeAll([deal], true, feed.reaches.bind(feed));
    if (isNew) lookSoon();
  },
  onLook: look,
  onState: name => {
    $('live').dataset.state = name;
    $('live').firstElementChild.textContent = t.live[name];
  },
});

// ---- boards and search ---------------------------------------------------------------------------

function drawBoards() {
  const sorted = [...boards].sort((a, b) => a[1].localeCompare(b[1], lang));
  const items = [['', t.all], ...sorted].map(([site, name]) => {
    const li = el('li');
    const button = el('button', '', name);
    button.type = 'button';
    button.dataset.site = site;
    button.setAttribute('aria-pressed', String(site === state.site));
    li.append(button);
    return li;
  });
  const focused = document.activeElement?.dataset?.site;
  $('boards').replaceChildren(...items);
  if (focused !== undefined) $('boards').querySelector(`[data-site="${CSS.escape(focused)}"]`)?.focus();
}

function learn(deals) {
  const before = boards.size;
  for (const deal of deals) boards.set(deal.site, deal.website);
  if (boards.size > before) drawBoards();
}

async function learnBoards() {
  try {
    for (const board of (await fetchBoards()).data) boards.set(board.site, board.website || board.site);
    drawBoards();
  } catch { /* the deals name theirs */ }
}

function keepInAddress(name, value) {
  const url = new URL(location.href);
  if (value) url.searchParams.set(name, value);
  else url.searchParams.delete(name);
  history.replaceState(null, '', url);
}

function choose(choice) {
  Object.assign(state, choice);
  keepInAddress('site', state.site);
  keepInAddress('q', state.q);
  drawBoards();
  start();
}

let typing = 0;

function searchNow() {
  clearTimeout(typing);
  const q = $('q').value.trim();
  if (q !== state.q) choose({ q });
}

function clearSearch() {
  $('q').value = '';
  searchNow();
}

// ---- language and colours ------------------------------------------------------------------------

function translate() {
  document.documentElement.lang = lang;
  for (const e of document.querySelectorAll('[data-t]')) e.textContent = t[e.dataset.t];
  for (const e of document.querySelectorAll('[data-label]')) e.setAttribute('aria-label', t[e.dataset.label]);
  for (const e of document.querySelectorAll('[data-place]')) e.placeholder = t[e.dataset.place];
  $('lang').textContent = lang === 'ko' ? 'English' : '한국어';
  $('lang').lang = lang === 'ko' ? 'en' : 'ko';
  $('live').firstElementChild.textContent = t.live[$('live').dataset.state];
  drawTheme();
  drawBoards();
  drawMore();
  drawNews();
  if (told) notice(told);
  feed.redraw();
}

function switchLanguage() {
  speak(lang === 'ko' ? 'en' : 'ko');
  remember('lang', lang);
  if (query.has('lang')) keepInAddress('lang', lang);
  translate();
}

function theme() {
  return document.documentElement.dataset.theme || 'auto';
}

function drawTheme() {
  $('theme').setAttribute('aria-label', t.theme[theme()]);
  $('theme').title = t.theme[theme()];
  $('theme').querySelector('use').setAttribute('href', `#i-${theme()}`);
}

function switchTheme() {
  const next = { auto: 'dark', dark: 'light', light: 'auto' }[theme()];
  if (next === 'auto') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = next;
  remember('theme', next === 'auto' ? null : next);
  drawTheme();
  say(t.theme[next]);
}

// ---- here it begins ------------------------------------------------------------------------------

speak(query.get('lang') || remembered('lang') || navigator.language || 'ko');
$('q').value = state.q;
translate();
$('boards').addEventListener('click', e => {
  const button = e.target.closest('button');
  if (button) choose({ site: button.dataset.site });
});
$('q').addEventListener('input', e => {
  clearTimeout(typing);
  typing = setTimeout(searchNow, e.isComposing ? COMPOSING_MS : TYPING_MS);
});
$('find').addEventListener('submit', e => {
  e.preventDefault();
  searchNow();
  $('deals').focus();
});
$('more').addEventListener('click', async () => (await load())[0]?.focus({ preventScroll: true }));
$('news').addEventListener('click', showNews);
$('lang').addEventListener('click', switchLanguage);
$('theme').addEventListener('click', switchTheme);
bindKeys({ onEnd: () => state.hasMore && load(), onNews: showNews, onClear: clearSearch });
setInterval(() => {
  for (const e of document.querySelectorAll('time.age')) e.textContent = ageText(new Date(e.dateTime));
}, 60000);
learnBoards();
start();
