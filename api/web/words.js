// SPDX-License-Identifier: MIT
// words.js - both languages: texts, numbers, prices, times. `t` and the formats are those of the language in use.

const WORDS = {
  ko: {
    title: 'CatchDeal · 핫딜 모아보기', skip: '핫딜 목록으로 건너뛰기', search: '핫딜 검색', boards: '게시판', all: '전체',
    deals: '핫딜', list: '핫딜 목록', more: '더 보기', loading: '불러오는 중…', foot: '상품과 가격은 각 게시판의 글에 따릅니다.',
    soldOut: '품절', deleted: '삭제됨', free: '무료', view: '조회', comment: '댓글', like: '추천', shop: '쇼핑몰', newTab: '새 창',
    alsoOn: '다른 게시판', today: '오늘', yesterday: '어제', now: '방금 전', retry: '다시 시도', refresh: '새로고침', close: '닫기',
    keys: '단축키', keyMove: '다음, 이전 핫딜', keyOpen: '고른 핫딜의 글 열기', keySearch: '검색', keyEscape: '검색 지우기, 목록으로 돌아가기',
    keyNews: '새 핫딜 보기', keyHelp: '이 도움말', keysOn: '단축키 사용',
    theme: { auto: '화면 색: 시스템 설정', light: '화면 색: 밝게', dark: '화면 색: 어둡게' },
    live: { off: '', waiting: '연결 중…', live: '실시간', polling: '30초마다 확인' },
    loaded: n => `핫딜 ${n}개를 불러왔습니다.`, news: n => `새 핫딜 ${n}개 보기`, newsCame: n => `새 핫딜 ${n}개가 올라왔습니다.`,
    manyNews: '새 핫딜이 많습니다. 처음부터 보기', soldNow: names => `품절: ${names}`, soldMany: n => `핫딜 ${n}개가 품절되었습니다.`,
    emptyTitle: '아직 모은 핫딜이 없습니다', emptyText: '크롤러가 게시판을 한 번 돌고 나면 여기에 나타납니다. 서버에서 다음 명령으로 시작하세요.',
    emptyBoard: '이 게시판에는 아직 핫딜이 없습니다', emptyBoardText: '다른 게시판을 고르거나 다음 수집을 기다려 주세요.', showAll: '전체 보기',
    emptySearch: q => `‘${q}’에 맞는 핫딜이 없습니다`, emptySearchText: '띄어쓰기와 대소문자는 가리지 않습니다. 더 짧은 말로 찾아보세요.', clear: '검색 지우기',
    further: '더 오래된 핫딜에서 찾기', furtherTitle: '최근 핫딜에는 없습니다', furtherText: '더 오래된 핫딜을 계속 찾을 수 있습니다.',
    errorTitle: '핫딜을 불러오지 못했습니다', errorAway: '데이터베이스가 아직 준비되지 않았거나 응답하지 않습니다. 잠시 후 다시 시도해 주세요.',
    errorOften: '요청이 너무 많습니다. 잠시 후 다시 시도해 주세요.', errorOther: '서버가 이 요청에 답하지 못했습니다.',
    errorNet: '서버에 연결할 수 없습니다. 네트워크를 확인한 뒤 다시 시도해 주세요.',
  },
  en: {
    title: 'CatchDeal · hot deals', skip: 'Skip to the deals', search: 'Search deals', boards: 'Boards', all: 'All',
    deals: 'Deals', list: 'List of deals', more: 'Show more', loading: 'Loading…', foot: 'Products and prices are as posted on each board.',
    soldOut: 'Sold out', deleted: 'Deleted', free: 'Free', view: 'Views', comment: 'Comments', like: 'Likes', shop: 'Shop', newTab: 'new tab',
    alsoOn: 'Also on', today: 'Today', yesterday: 'Yesterday', now: 'just now', retry: 'Try again', refresh: 'Refresh', close: 'Close',
    keys: 'Keyboard', keyMove: 'next, previous deal', keyOpen: 'open the post of the deal', keySearch: 'search', keyEscape: 'clear the search, back to the list',
    keyNews: 'show new deals', keyHelp: 'this help', keysOn: 'Use these keys',
    theme: { auto: 'Colours: as the system', light: 'Colours: light', dark: 'Colours: dark' },
    live: { off: '', waiting: 'Connecting…', live: 'Live', polling: 'Checked every 30 s' },
    loaded: n => `${n} deals loaded.`, news: n => (n === 1 ? 'Show 1 new deal' : `Show ${n} new deals`), newsCame: n => (n === 1 ? '1 new deal.' : `${n} new deals.`),
    manyNews: 'Many new deals. Start from the top', soldNow: names => `Sold out: ${names}`, soldMany: n => `${n} deals sold out.`,
    emptyTitle: 'No deals yet', emptyText: 'They appear here once the crawler has been around the boards. Start it on the server:',
    emptyBoard: 'No deals on this board yet', emptyBoardText: 'Pick another board or wait for the next crawl.', showAll: 'Show all',
    emptySearch: q => `No deal matches “${q}”`, emptySearchText: 'Spaces and case do not count. Try a shorter word.', clear: 'Clear the search',
    further: 'Search older deals', furtherTitle: 'Nothing among recent deals', furtherText: 'Older deals can be searched further.',
    errorTitle: 'The deals could not be loaded', errorAway: 'The database is not ready yet or does not answer. Please try again in a moment.',
    errorOften: 'Too many requests. Please try again in a moment.', errorOther: 'The server could not answer this request.',
    errorNet: 'The server cannot be reached. Check the network and try again.',
  },
};

export let lang, t;
let count, exact, ago, dayName, fullTime;

// Any language tag; what is not Korean is English.
export function speak(tag) {
  lang = tag.toLowerCase().startsWith('ko') ? 'ko' : 'en';
  t = WORDS[lang];
  count = new Intl.NumberFormat(lang, { notation: 'compact', maximumFractionDigits: 1 });
  exact = new Intl.NumberFormat(lang);
  ago = new Intl.RelativeTimeFormat(lang, { numeric: 'always' });
  dayName = new Intl.DateTimeFormat(lang, { month: 'long', day: 'numeric', weekday: 'short' });
  fullTime = new Intl.DateTimeFormat(lang, { dateStyle: 'full', timeStyle: 'medium' });
}

export const shortCount = value => count.format(value);
export const exactCount = value => exact.format(value);
export const timeInFull = date => fullTime.format(date);

// "" when the price is not known
export function priceText(deal) {
  if (deal.price === null) return '';
  if (deal.price === 0) return t.free;
  const currency = deal.currency || 'KRW';
  if (currency === 'KRW' && lang === 'ko') return `${exact.format(deal.price)}원`;
  try {
    return new Intl.NumberFormat(lang, { style: 'currency', currency, currencyDisplay: 'narrowSymbol' }).format(deal.price);
  } catch {
    return `${deal.price} ${currency}`;
  }
}

export function ageText(date) {
  const minutes = Math.round((Date.now() - date) / 60000);
  if (minutes < 1) return t.now;
  if (minutes < 60) return ago.format(-minutes, 'minute');
  if (minutes < 24 * 60) return ago.format(-Math.round(minutes / 60), 'hour');
  return ago.format(-Math.round(minutes / 1440), 'day');
}

export function dayText(date) {
  const midnight = new Date();
  midnight.setHours(0, 0, 0, 0);
  if (date >= midnight) return t.today;
  midnight.setDate(midnight.getDate() - 1);
  return date >= midnight ? t.yesterday : dayName.format(date);
}
