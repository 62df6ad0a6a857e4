// SPDX-License-Identifier: MIT
// deal.js - one deal of /v3/deals as it is drawn.
import { el, icon, link, webAddress } from './dom.js';
import { ageText, exactCount, priceText, shortCount, t, timeInFull } from './words.js';

// The hosts whose pictures the operator allows; the Content-Security-Policy says the same.
const imageHosts = (document.querySelector('meta[name="image-hosts"]')?.content || '').split(' ').filter(Boolean);

let drawn = 0; // for ids

export const momentOf = deal => new Date(deal.posted_at || deal.created_at);

function hue(site) {
  let hash = 0;
  for (const c of site) hash = (hash * 31 + c.codePointAt(0)) % 9973;
  // The four boards of the beginning keep colours that differ.
  const fixed = { ppomppu: 0, clien: 1, ruliweb: 2, dealbada: 3 }[site];
  return `hue-${fixed ?? hash % 8}`;
}

function isAllowed(host) {
  return imageHosts.some(one => (one.startsWith('*.') ? host.endsWith(one.slice(1)) : host === one));
}

// known: the picture that is there already, or null
function pictureOf(deal, known) {
  const url = webAddress(deal.image_url);
  if (!url || !isAllowed(url.host)) return null;
  if (location.protocol === 'https:') url.protocol = 'https:'; // a browser would refuse it otherwise
  if (known?.src === url.href) return known;
  const img = el('img', 'thumb');
  img.alt = '';
  img.loading = 'lazy';
  img.decoding = 'async';
  img.referrerPolicy = 'no-referrer';
  img.addEventListener('load', () => img.classList.add('loaded'));
  img.addEventListener('error', () => img.remove()); // the letter below it shows
  img.src = url.href;
  return img;
}

function tileOf(deal, known) {
  const tile = el('div', `tile ${hue(deal.site)}`);
  const img = pictureOf(deal, known);
  tile.setAttribute('aria-hidden', 'true');
  tile.append(el('span', '', [...deal.website][0] || '?'));
  if (img) tile.append(img);
  return tile;
}

function titleOf(deal, id) {
  const title = el('h3', 'title');
  const url = webAddress(deal.url);
  const words = url ? link(url, '', deal.title) : el('span', '', deal.title);
  words.id = id;
  if (deal.is_deleted) title.append(el('span', 'badge', t.deleted), ' ');
  else if (deal.sold_out) title.append(el('span', 'badge', t.soldOut), ' ');
  title.append(words);
  return title;
}

function buyOf(deal) {
  const buy = el('div', 'buy');
  const shop = webAddress(deal.redirect_url);
  const cost = priceText(deal);
  if (cost) {
    const price = el('data', 'price', cost);
    price.value = deal.price;
    buy.append(price);
  }
  if (shop) {
    const a = link(shop, 'shop', deal.mall || t.shop);
    a.append(icon('out'), el('span', 'hidden-text', ` (${t.newTab})`));
    buy.append(a);
  } else if (deal.mall) {
    buy.append(el('span', 'mall', deal.mall));
  }
  return buy;
}

function counter(name, value) {
  if (value === null) return [];
  const data = el('data', `count ${name}`);
  data.value = value;
  data.title = `${t[name]} ${exactCount(value)}`;
  data.append(icon(name), el('span', 'hidden-text', t[name]), ` ${shortCount(value)}`);
  return [data];
}

function metaOf(deal) {
  const meta = el('div', 'meta');
  const when = momentOf(deal);
  const time = el('time', 'age', ageText(when));
  time.dateTime = deal.posted_at || deal.created_at;
  time.title = timeInFull(when);
  meta.append(el('span', `board ${hue(deal.site)}`, deal.website), time, ...counter('view', deal.view),
    ...counter('comment', deal.comment), ...counter('like', deal.like));
  return meta;
}

function alsoOf(deal) {
  if (!deal.also_on.length) return [];
  const also = el('p', 'also');
  also.append(`${t.alsoOn}: `);
  deal.also_on.forEach((twin, i) => {
    const url = webAddress(twin.url);
    const name = url ? link(url, '', twin.website) : el('span', '', twin.website);
    name.title = twin.title;
    also.append(i ? ', ' : '', name);
  });
  return [also];
}

// Fill an article with the deal, in place of what it held.
export function drawDeal(article, deal) {
  const card = el('div', 'card');
  const id = `deal-${++drawn}`;
  const buy = buyOf(deal);
  const meta = metaOf(deal);
  buy.id = `${id}-buy`;
  meta.id = `${id}-meta`;
  article.className = `deal${deal.sold_out ? ' sold-out' : ''}${deal.is_deleted ? ' deleted' : ''}`;
  article.dataset.id = deal.product_id;
  article.setAttribute('aria-labelledby', id);
  article.setAttribute('aria-describedby', `${buy.id} ${meta.id}`);
  card.append(tileOf(deal, article.querySelector('.thumb')), titleOf(deal, id), buy, meta, ...alsoOf(deal));
  article.replaceChildren(card);
}
