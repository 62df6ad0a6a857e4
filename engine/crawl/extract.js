/* SPDX-License-Identifier: MIT */
/* extract.js - waits until a list page is ready and reads its rows, once per page, in an isolated world.
 *
 * Knows no board: `arg` holds the rules of one site.conf, as site_rules_json() writes them:
 *   timeout_ms      this call's own deadline; what is there by then is read
 *   settle_ms       the number of rows must not change for so long
 *   scroll          true: scroll for more rows until none come; scroll_wait_ms for each try
 *   html            true: the answer holds the document as it is then (`html`, at most HTML_MAX characters)
 *   gone_text, gone_dialog, gone_status   of posts only: regular expressions, and statuses, that tell of a page which
 *                   stands where a post was; the wait for the post ends with them
 *   layouts         in order; the first whose `match` is found reads the page
 *     {name, match, ready, rows, skip: [css], skip_text: [regex], skip_category: [regex], fields: [...]}
 *   field           {name, type, css: [[selector, attribute]], own, without, json, match, placeholder, query, required, await}
 *                   The alternatives of `css` are tried in order, the elements of each in document order;
 *                   the first that gives a value wins. The row itself counts as the first element, so an empty
 *                   selector or `:scope.sold` means the row.
 *
 * `dialog` is what the page said in its first alert(), or null: the caller starts this again when one comes.
 *
 * Answers plain JSON: {status, url, title, layout, ready, unfinished, waited_ms, seen, rows, skipped, fields,
 * html_length, html?, text_head, gone},
 * unfinished: the document, or a script that belongs to it, is still under way: what is not there may be to come,
 * gone: what of title, text or dialog matched, or null: always null where a layout is found, and the words of a
 * document that is unfinished say nothing,
 * or {error: {rule, n, expected, text}} when alternative n of a rule ("mobile.title.css") is no selector or regex.
 * Values are text as the page has it, whitespace collapsed; what they mean is decided by extract.c.
 *
 * A page that reloads itself ends this call with an error of the protocol: the caller starts it again.
 * Not here: cron, robots, blocks (text_head and status let the engine judge).
 */
async function extract(arg, dialog) {
    const started = performance.now();
    const deadline = started + arg.timeout_ms;
    const TRIES_WITHOUT_ROWS = 3;
    const MAX_SCROLLED_ROWS = 2000;
    const LOOK_AGAIN_MS = 250;
    const REFUSED_MS = 8000;
    const HTML_MAX = 2 << 20;
    const SCRIPT_MAX = 2000;

    /* ---- rules ---- */

    class BadRule extends Error {
        constructor(rule, n, expected, text) {
            super(text);
            this.answer = { error: { rule, n, expected, text } };
        }
    }

    function checkSelector(rule, selector, n = 0) {
        try {
            document.createDocumentFragment().querySelector(selector);
        } catch (e) {
            throw new BadRule(rule, n, 'a CSS selector', e.message);
        }
    }

    function compileRegex(rule, source, n = 0) {
        try {
            return new RegExp(source, 'u');
        } catch (e) {
            throw new BadRule(rule, n, 'a regular expression', e.message);
        }
    }

    function compileField(layout, field) {
        const rule = key => `${layout.name}.${field.name}.${key}`;
        field.css.forEach(([selector], n) => selector && checkSelector(rule('css'), selector, n));
        if (field.without)
            checkSelector(rule('without'), field.without);
        const regex = key => field[key] ? compileRegex(rule(key), field[key]) : null;
        return { ...field, match: regex('match'), placeholder: regex('placeholder') };
    }

    function compileLayout(layout) {
        // rows first: the others may be its copies, which stand on no line of the file.
        for (const key of ['rows', 'match', 'ready'])
            checkSelector(`${layout.name}.${key}`, layout[key]);
        layout.skip.forEach((selector, n) => checkSelector(`${layout.name}.skip`, selector, n));
        const regexes = key => layout[key].map((source, n) => compileRegex(`${layout.name}.${key}`, source, n));
        return {
            ...layout,
            skip_text: regexes('skip_text'),
            skip_category: regexes('skip_category'),
            fields: layout.fields.map(field => compileField(layout, field)),
        };
    }

    /* ---- values ---- */

    const SILENT = new Set(['SCRIPT', 'STYLE', 'NOSCRIPT', 'TEMPLATE']);
    const collapse = text => text.replace(/\s+/g, ' ').trim();

    function textOf(element, field) {
        let text = '';
        for (const node of element.childNodes) {
            if (node.nodeType === Node.TEXT_NODE)
                text += node.data;
            else if (node.nodeType === Node.ELEMENT_NODE && !field.own && !SILENT.has(node.tagName) &&
                     !(field.without && node.matches(field.without)))
                text += textOf(node, field);
        }
        return text;
    }

    /* As a link of the page: what its query holds beyond ASCII is written in the page's charset. */
    const link = document.createElement('a');
    function urlOf(address) {
        link.setAttribute('href', address);
        return new URL(link.href);
    }

    /* http and https only. `//host` on an http page means https, as every board's image host has it, unless the
     * page serves itself so (demo, tests). */
    function absolute(address, query) {
        let url;
        try {
            url = urlOf(address);
        } catch {
            return null;
        }
        if (url.protocol !== 'http:' && url.protocol !== 'https:')
            return null;
        if (address.startsWith('//') && url.host !== location.host)
            url.protocol = 'https:';
        if (query) {
            const kept = query.filter(name => url.searchParams.has(name)).map(name => [name, url.searchParams.get(name)]);
            url.search = new URLSearchParams(kept).toString();
            url.hash = '';
        }
        return url.href;
    }

    function backgroundOf(element) {
        const found = /url\(\s*(["']?)(.*?)\1\s*\)/.exec(element.style?.backgroundImage ?? '');
        return found ? found[2] : null;
    }

    /* Lazy loaders keep the true address beside a blank `src`, so the spare attributes come first. */
    const imageAddresses = element => [
        element.getAttribute('data-original'), element.getAttribute('data-src'), element.getAttribute('data-lazy-src'),
        element.getAttribute('src'), backgroundOf(element),
    ];

    function imageOf(element, attribute, field) {
        const addresses = attribute ? [element.getAttribute(attribute)] : imageAddresses(element);
        for (const address of addresses) {
            const told = address && jsonOf(address, field);
            const matched = told && matchOf(told.trim(), field);
            const url = matched && !field.placeholder?.test(matched) && absolute(matched, field.query);
            if (url)
                return url;
        }
        return null;
    }

    /* What stands at `a.b.0` in text that is JSON; null unless it is a text, a number or true. */
    function jsonOf(text, field) {
        if (!field.json)
            return text;
        let value;
        try {
            value = JSON.parse(text);
        } catch {
            return null;
        }
        const has = name => Array.isArray(value) ? /^\d+$/.test(name) && Number(name) < value.length :
            value !== null && typeof value === 'object' && Object.hasOwn(value, name);
        for (const name of field.json.split('.'))
            value = has(name) ? value[name] : null;
        return typeof value === 'string' || typeof value === 'number' || value === true ? String(value) : null;
    }

    function matchOf(text, field) {
        if (!field.match)
            return text;
        const found = field.match.exec(text);
        return found ? collapse(found[1] ?? found[0]) : null;
    }

    function valueOfElement(element, attribute, field) {
        if (field.type === 'image')
            return imageOf(element, attribute, field);
        if (field.type === 'url') {
            const told = jsonOf(element.getAttribute(attribute || 'href') ?? '', field);
            const address = told && matchOf(told.trim(), field);
            // "javascript:goToLink('...')" may hold the shop's address: link.c takes it out, or drops the whole.
            if (address && field.name === 'redirect_url' && /^javascript:/i.test(address))
                return address;
            return address ? absolute(address, field.query) : null;
        }
        const told = jsonOf(attribute ? element.getAttribute(attribute) ?? '' : textOf(element, field), field);
        const value = told === null ? null : matchOf(collapse(told), field);
        if (field.type === 'flag')
            return value === null ? null : '1';
        if (field.type === 'int' && value !== null && !/\d/.test(value))
            return null;
        return value || null;
    }

    const elementsOf = (row, selector) => selector === '' ? [row] :
        [...(row.matches(selector) ? [row] : []), ...row.querySelectorAll(selector)];

    /* {matched: some element was found, many: the alternative that gave the value (without a value: the first that
     * found something) found more than one in this row, value: text or null} */
    function readField(row, field) {
        let matched = false, many = false;
        for (const [selector, attribute] of field.css) {
            const elements = elementsOf(row, selector);
            if (!matched)
                many = elements.length > 1;
            for (const element of elements) {
                matched = true;
                const value = valueOfElement(element, attribute, field);
                if (value !== null)
                    return { matched, many: elements.length > 1, value };
            }
        }
        return { matched, many, value: null };
    }

    /* ---- rows ---- */

    const layouts = [];
    const layoutFound = () => layouts.find(layout => document.querySelector(layout.match)) ?? null;
    const skipOf = (row, layout) => layout.skip.find(css => row.matches(css) || row.querySelector(css));

    function readRow(row, layout, report) {
        const values = {};
        const reads = layout.fields.map(field => [field, readField(row, field)]);
        for (const [field, { value }] of reads)
            values[field.name] = value;
        for (const [key, field] of [['skip_text', 'title'], ['skip_category', 'category']]) {
            const regex = layout[key].find(one => one.test(values[field] ?? ''));
            if (regex)
                return `${key} ${regex.source}`;
        }
        for (const [field, { matched, many, value }] of reads) {
            report[field.name].matched += matched;
            report[field.name].many += many;
            report[field.name].valued += value !== null;
        }
        const missing = layout.fields.find(field => field.required && values[field.name] === null);
        return missing ? `no ${missing.name}` : values;
    }

    function readRows(layout) {
        const fields = Object.fromEntries(layout.fields.map(f => [f.name, { matched: 0, valued: 0, many: 0 }]));
        const skipped = {};
        const rows = [];
        const found = document.querySelectorAll(layout.rows);
        for (const row of found) {
            const skip = skipOf(row, layout);
            const result = skip === undefined ? readRow(row, layout, fields) : `skip ${skip}`;
            if (typeof result === 'string')
                skipped[result] = (skipped[result] ?? 0) + 1;
            else
                rows.push(result);
        }
        return { rows, seen: found.length, skipped, fields };
    }

    /* ---- a post that is not there ---- */

    const gone = { text: [], dialog: [] };
    const status = () => performance.getEntriesByType('navigation')[0]?.responseStatus ?? 0;

    /* DOMContentLoaded comes behind deferred scripts and modules, too; pictures, frames and async scripts don't count. */
    const isUnfinished = () => document.readyState === 'loading' ||
                               performance.getEntriesByType('navigation')[0]?.domContentLoadedEventEnd === 0;

    const firstOf = (regexes, text) => regexes.map(regex => regex.exec(text)?.[0]).find(found => found) ?? null;

    /* Such pages step back when they have spoken: what stands here now may be another one. */
    const spokenMark = () => firstOf(gone.dialog, collapse(dialog ?? ''));

    /* The words that say it, or null. A post that is there may hold them, too: its layout speaks against it. */
    function writtenMark() {
        if (gone.text.length === 0 || layoutFound() !== null)
            return null;
        return firstOf(gone.text, collapse(document.title)) ??
               (document.body ? firstOf(gone.text, collapse(textOf(document.body, {}))) : null);
    }

    const postIsGone = () => spokenMark() !== null || (document.readyState === 'complete' && layoutFound() === null &&
                                                     (arg.gone_status?.includes(status()) || writtenMark() !== null));

    /* ---- waiting ---- */

    function awaitedFilled(layout) {
        const awaited = layout.fields.filter(field => field.await);
        if (awaited.length === 0)
            return true;
        return [...document.querySelectorAll(layout.rows)].every(
            row => skipOf(row, layout) !== undefined || awaited.every(field => readField(row, field).value !== null));
    }

    const countRows = () => {
        const layout = layoutFound();
        return layout ? document.querySelectorAll(layout.rows).length : 0;
    };

    function listIsReady() {
        const layout = layoutFound();
        return layout !== null && document.readyState !== 'loading' &&
               document.querySelector(layout.ready) !== null && awaitedFilled(layout);
    }

    /* A finished page without scripts, refresh or a known layout stays as it is: an error page, a notice. */
    const nothingWillCome = () => document.readyState === 'complete' && layoutFound() === null &&
                                  document.querySelector('script, meta[http-equiv=refresh i], iframe, frame') === null;

    /* Resolves true once `isReady()` holds and the row count has been still for settle_ms; false at `until`. */
    function settle(isReady, until) {
        return new Promise(resolve => {
            let timer = 0, soon = 0, count = -1, changedAt = 0;
            const observer = new MutationObserver(() => { soon ||= setTimeout(look, 20); });
            const finish = ready => {
                observer.disconnect();
                clearTimeout(timer);
                clearTimeout(soon);
                document.removeEventListener('readystatechange', look);
                resolve(ready);
            };
            function look() {
                clearTimeout(timer);
                clearTimeout(soon);
                soon = 0;
                const now = performance.now(), rows = countRows();
                if (rows !== count) {
                    count = rows;
                    changedAt = now;
                }
                const still = now - changedAt >= arg.settle_ms;
                if (still && isReady())
                    return finish(true);
                if (now >= until || nothingWillCome())
                    return finish(false);
                /* The observer sees changes; the timer ends a stillness, and covers a document that was reopened
                 * (document.write), which drops listeners. */
                const next = still ? LOOK_AGAIN_MS : arg.settle_ms - (now - changedAt);
                timer = setTimeout(look, Math.max(1, Math.min(next, until - now)));
            }
            document.addEventListener('readystatechange', look);
            observer.observe(document, { childList: true, subtree: true, characterData: true, attributes: true });
            look();
        });
    }

    const sleep = ms => new Promise(resolve => setTimeout(resolve, ms));

    /* Pages load more when the end of the list comes into sight. A try that brought nothing leaves the end first, so
     * that the page sees it come again (some load only then, and a failed load is tried again only so). */
    async function scrollForMore() {
        let idle = 0;
        while (idle < TRIES_WITHOUT_ROWS && countRows() < MAX_SCROLLED_ROWS && performance.now() < deadline) {
            const before = countRows();
            if (idle > 0) {
                window.scrollTo({ top: 0, behavior: 'instant' });
                await sleep(100);
            }
            const rows = document.querySelectorAll(layoutFound()?.rows ?? 'body');
            rows[rows.length - 1]?.scrollIntoView({ block: 'end', behavior: 'instant' });
            window.scrollTo({ top: document.documentElement.scrollHeight, behavior: 'instant' });
            const more = await settle(() => countRows() > before && listIsReady(),
                                      Math.min(deadline, performance.now() + arg.scroll_wait_ms));
            idle = more ? 0 : idle + 1;
        }
        return performance.now() < deadline;
    }

    /* ---- the page ---- */

    function textHead(max) {
        const walker = document.createTreeWalker(document.body ?? document, NodeFilter.SHOW_TEXT);
        let text = '';
        while (text.length < max && walker.nextNode()) {
            if (!SILENT.has(walker.currentNode.parentNode?.nodeName))
                text = collapse(`${text} ${walker.currentNode.data}`);
        }
        return text.slice(0, max);
    }

    try {
        layouts.push(...arg.layouts.map(compileLayout));
        for (const name of ['text', 'dialog'])
            gone[name].push(...(arg[`gone_${name}`] ?? []).map((source, n) => compileRegex(`gone.${name}`, source, n)));
    } catch (e) {
        if (e instanceof BadRule)
            return e.answer;
        throw e;
    }
    /* An error status with a script: a gate that lets any browser pass does so in seconds, by another document. */
    const until = status() >= 400 ? Math.min(deadline, started + REFUSED_MS) : deadline;
    let ready = await settle(() => listIsReady() || postIsGone(), until);
    if (ready && arg.scroll)
        ready = await scrollForMore();

    const layout = spokenMark() === null ? layoutFound() : null;
    const unfinished = isUnfinished();
    const html = document.documentElement?.outerHTML ?? '';
    const nothing = { rows: [], seen: 0, skipped: {}, fields: {} };
    return {
        status: status(),
        url: location.href,
        title: document.title,
        layout: layout?.name ?? null,
        ready,
        unfinished,
        waited_ms: Math.round(performance.now() - started),
        ...(layout ? readRows(layout) : nothing),
        html_length: html.length,
        ...(arg.html ? { html: html.slice(0, HTML_MAX) } : {}),
        text_head: textHead(300),
        gone: spokenMark() ?? (unfinished ? null : writtenMark()),
    };
}
