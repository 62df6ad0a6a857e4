// SPDX-License-Identifier: MIT
// keys.js - the keyboard: j and k through the deals, Enter, /, Esc, n, ?. They can be switched off in the help.
import { $ } from './dom.js';
import { remember, remembered } from './prefs.js';

// By what it writes; where it writes Hangul, by its place.
function nameOf(e) {
  const isPlain = /^[a-z/?]$|^[A-Z][a-z]/.test(e.key) && e.key !== 'Process';
  return (isPlain ? e.key : e.code.replace(/^Key/, '')).toLowerCase();
}

function current() {
  return document.activeElement?.closest?.('#list > article') || null;
}

function firstInSight() {
  const below = document.querySelector('.filters').getBoundingClientRect().bottom;
  return [...$('list').children].find(article => article.getBoundingClientRect().bottom > below + 20);
}

function go(article) {
  article?.focus({ preventScroll: true });
  article?.scrollIntoView({ block: 'nearest' });
}

// onEnd(): the last deal was passed. onNews(), onClear(): as the buttons do.
export function bindKeys({ onEnd, onNews, onClear }) {
  let place = null; // where the reader was when the search was opened

  function move(step) {
    const from = current();
    const to = from ? (step > 0 ? from.nextElementSibling : from.previousElementSibling) : firstInSight();
    if (to) go(to);
    if (step > 0 && !to?.nextElementSibling) onEnd();
  }

  function search() {
    place = current() || place;
    $('q').focus();
    $('q').select();
  }

  function escape() {
    if (document.activeElement !== $('q')) return;
    if ($('q').value) onClear();
    else if (place?.isConnected) go(place);
    else $('deals').focus();
  }

  const keys = { j: () => move(1), k: () => move(-1), '/': search, '?': () => $('help').showModal(), n: onNews };

  $('keys').addEventListener('click', () => $('help').showModal());
  $('keys-on').checked = remembered('keys') !== 'off';
  $('keys-on').addEventListener('change', () => remember('keys', $('keys-on').checked ? null : 'off'));
  document.addEventListener('keydown', e => {
    if (e.defaultPrevented || e.ctrlKey || e.metaKey || e.altKey || e.isComposing || $('help').open) return;
    const key = nameOf(e);
    const isTyping = e.target.closest?.('input, textarea, select');
    const act = key === 'escape' && isTyping ? escape
      : key === 'enter' && e.target === current() && e.target ? () => current().querySelector('.title a')?.click()
        : isTyping || !$('keys-on').checked ? null : keys[key];
    if (!act) return;
    e.preventDefault();
    act();
  });
}
