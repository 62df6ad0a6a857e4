// SPDX-License-Identifier: MIT
// server.js - what the page asks the API for.

// status 0: there was no answer
export class Failure extends Error {
  constructor(status) {
    super(`status ${status}`);
    this.status = status;
  }
}

export function address(path, wish) {
  const url = new URL(path, location.origin);
  for (const [name, value] of Object.entries(wish)) if (value) url.searchParams.set(name, value);
  return url;
}

async function ask(path, wish, signal) {
  let answer;
  try {
    answer = await fetch(address(path, wish), { headers: { Accept: 'application/json' }, signal });
  } catch (error) {
    throw error.name === 'AbortError' ? error : new Failure(0);
  }
  if (!answer.ok) throw new Failure(answer.status);
  return answer.json();
}

export const fetchDeals = (wish, signal) => ask('/v3/deals', wish, signal);

export const fetchBoards = () => ask('/v3/sites', {});
