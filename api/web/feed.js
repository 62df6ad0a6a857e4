// SPDX-License-Identifier: MIT
// feed.js - the list of deals on the page (ARIA's feed): which are shown, in which order, under which day.
//
// A deal is shown once, whoever brings it. Pages go to the end in the server's order; what came meanwhile goes to its
// time's place. A deal that changes keeps its article, so the reader's place and focus stay.
import { drawDeal, momentOf } from './deal.js';
import { el } from './dom.js';
import { dayText } from './words.js';

export class Feed {
  #root;
  #shown = new Map(); // product_id -> { deal, article }

  constructor(root) {
    this.#root = root;
  }

  get size() {
    return this.#shown.size;
  }

  get(id) {
    return this.#shown.get(id)?.deal;
  }

  clear() {
    this.#shown.clear();
    this.#root.replaceChildren();
  }

  // Returns the articles of those that are new here.
  append(deals) {
    const articles = deals.filter(deal => !this.#shown.has(deal.product_id)).map(deal => this.#make(deal));
    this.#root.append(...articles);
    this.#number();
    return articles;
  }

  insert(deals) {
    const articles = [];
    for (const deal of deals) {
      if (this.#shown.has(deal.product_id)) continue;
      const later = [...this.#root.children].find(article => this.#time(article) <= momentOf(deal));
      const article = this.#make(deal);
      article.classList.add('fresh');
      this.#root.insertBefore(article, later || null);
      articles.push(article);
    }
    this.#number();
    return articles;
  }

  // Does this deal's place surely lie among those that are shown, not in pages that are still to come?
  reaches(deal) {
    const last = this.#root.lastElementChild;
    return last !== null && momentOf(deal) > this.#time(last);
  }

  update(deal) {
    const one = this.#shown.get(deal.product_id);
    if (!one || JSON.stringify(one.deal) === JSON.stringify(deal)) return;
    one.deal = deal;
    this.#redraw(one);
    this.#number();
  }

  redraw() {
    for (const one of this.#shown.values()) this.#redraw(one);
    this.#number();
  }

  #make(deal) {
    const article = el('article');
    article.tabIndex = -1;
    drawDeal(article, deal);
    this.#shown.set(deal.product_id, { deal, article });
    return article;
  }

  #redraw({ deal, article }) {
    const focused = [...article.querySelectorAll('a')].indexOf(document.activeElement);
    drawDeal(article, deal);
    if (focused >= 0) (article.querySelectorAll('a')[focused] || article).focus({ preventScroll: true });
  }

  #time(article) {
    return momentOf(this.#shown.get(article.dataset.id).deal);
  }

  // Positions, and each day's name above its first deal. A feed may hold nothing but articles, so it stands inside.
  #number() {
    let day = '';
    [...this.#root.children].forEach((article, i) => {
      const name = dayText(this.#time(article));
      const heading = article.querySelector('.day');
      if (name === day) heading?.remove();
      else if (heading) heading.textContent = name;
      else article.prepend(el('h2', 'day', name));
      article.setAttribute('aria-posinset', i + 1);
      article.setAttribute('aria-setsize', -1);
      day = name;
    });
  }
}
