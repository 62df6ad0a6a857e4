// SPDX-License-Identifier: MIT
// live.js - news of /v3/stream while the page is looked at; where there is no stream, a call to look again now and then.
//
// A page in the background holds no connection (a browser has six for one server, all tabs together), and looks again
// when it comes back.
import { address } from './server.js';

const POLL_MS = 30000;
const STREAM_AGAIN = 4; // every so many polls the stream is tried again

export class Live {
  #wish = null;
  #source = null;
  #timer = 0;
  #polls = 0;
  #handlers;

  // onDeal(deal): it is new or has changed. onLook(): something may have been missed. onState('off', 'waiting', 'live', 'polling')
  constructor(handlers) {
    this.#handlers = handlers;
    document.addEventListener('visibilitychange', () => this.#turn());
    addEventListener('pagehide', () => this.#close());
    addEventListener('pageshow', e => e.persisted && this.#turn());
  }

  // From now on for deals that fit this wish, { site, q }; null: for none.
  follow(wish) {
    this.#wish = wish;
    this.#turn();
  }

  #turn() {
    this.#close();
    if (this.#wish && document.visibilityState === 'visible') this.#open();
  }

  #open() {
    const source = new EventSource(address('/v3/stream', this.#wish));
    let isNew = true;
    this.#source = source;
    this.#handlers.onState('waiting');
    source.addEventListener('open', () => {
      this.#handlers.onState('live');
      // Later the server goes on where the browser was cut off (Last-Event-ID), or says reset.
      if (isNew) this.#handlers.onLook();
      isNew = false;
    });
    source.addEventListener('deal', e => this.#handlers.onDeal(JSON.parse(e.data).deal));
    source.addEventListener('reset', () => this.#handlers.onLook());
    source.addEventListener('error', () => {
      if (source.readyState === EventSource.CLOSED) this.#poll();
      else this.#handlers.onState('waiting');
    });
  }

  // Refused: a browser does not try such a stream again by itself.
  #poll() {
    this.#close();
    this.#handlers.onState('polling');
    this.#timer = setTimeout(() => {
      this.#handlers.onLook();
      if (++this.#polls % STREAM_AGAIN === 0) this.#open();
      else this.#poll();
    }, POLL_MS * (0.9 + Math.random() * 0.2));
  }

  #close() {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = null;
  }
}
