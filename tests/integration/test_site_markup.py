# SPDX-License-Identifier: MIT
"""Boards change their markup a little all the time: the shipped site.conf files on made-up pages that differ from today's.

Each page is a list of the board's shape with enough plain rows, and among them the rows that a test is about.
"""
from support.registry import expect, expect_equal, test

PLAIN_ROWS = 12


def _crawl(bench, site, target, body):
    """What `crawl` reads off a page, by key."""
    page = f"<!doctype html><html><head><meta charset=utf-8><title>x</title></head><body>{body}</body></html>"
    path = target.partition("?")[0]
    server = bench.start_pages({path: ("text/html; charset=utf-8", page.encode())})
    result = bench.crawl(site, "--url", server.url(target), "--pages", "1", "--list-only", "--dry-run")
    expect(result.code == 0, f"crawl of {site}: {result}")
    return {row["key"]: row for row in result.rows}


def _expect_sold_out(rows, expected):
    expect_equal({key: rows[key]["sold_out"] for key in expected if key in rows}, expected, "sold_out by key")


# ---- dealbada ------------------------------------------------------------------------------------


DEALBADA_CATEGORY = '<a href="/bbs/board.php?bo_table=deal_domestic&amp;sca=food" class="bo_cate_link">식품</a> '


def _dealbada(*subjects):
    cells = list(subjects) + [_dealbada_subject(900 + n, f"제품 {n}", DEALBADA_CATEGORY) for n in range(PLAIN_ROWS)]
    rows = "".join(f'<tr class=""><td class="td_num">7</td>{cell}<td class="td_date">11:48</td>'
                   '<td class="td_num">10</td><td class="td_num_g"><span>1</span> / <span>0</span></td></tr>'
                   for cell in cells)
    return f'<div class="tbl_head01"><table class="hoverTable"><tbody>{rows}</tbody></table></div>'


def _dealbada_subject(number, title, before="", attributes="", mark=""):
    address = f"/bbs/board.php?bo_table=deal_domestic&amp;wr_id={number}&amp;page=1"
    return f'<td class="td_subject"> {before}<a href="{address}"{attributes}> {title} {mark}</a> </td>'


@test
def dealbada_title_is_not_the_category_link_before_it(bench):
    category = DEALBADA_CATEGORY
    body = _dealbada(
        _dealbada_subject(1, "사과 5kg", category),
        _dealbada_subject(2, "블라인드 처리된 게시물입니다.", category, ' style="color: #ACACAC"'),
        _dealbada_subject(3, "배 3kg", category, mark='<img alt="종료" src="/end.png">'),
        _dealbada_subject(4, "감 2kg", category, ' style="color: #acacac"'))

    rows = _crawl(bench, "dealbada", "/bbs/board.php?bo_table=deal_domestic&page=1", body)

    expect_equal([rows[key]["title"] for key in ("1", "3", "4")], ["사과 5kg", "배 3kg", "감 2kg"], "titles")
    expect_equal(rows["1"]["category"], "식품", "category")
    expect("wr_id=1" in rows["1"]["url"], f"url of 1: {rows['1']['url']}")
    expect("2" not in rows, "a blinded row was taken for a deal")
    _expect_sold_out(rows, {"1": False, "3": True, "4": True, "900": False})


# ---- ruliweb -------------------------------------------------------------------------------------

RULIWEB_MARKS = {
    # key: (beside the link, in the link, is it sold out)
    "1": ("", '<span style="background: yellow">마감임박</span> ', False),
    "2": ("", '<span style="background: yellow">[종료]</span> ', False),
    "3": ('<span class="ended">[종료]</span>', "", True),
    "4": ('<span style="background-color: #ff4444"> 품절 </span>', "", True),
    "5": ('<span style="background-color: #ff4444">종료 임박</span>', "", False),
}


def _ruliweb_plain(key, beside="", inside=""):
    return ('<tr class="table_body blocktarget"><td class="id">1</td><td class="divsn">음식</td><td class="subject">'
            f'<div class="relative">{beside}<a class="subject_link deco" href="/market/board/1020/read/{key}?">{inside}'
            f'제품 {key} <span class="num_reply"> (3)</span></a></div></td><td class="recomd">1</td>'
            '<td class="hit">5</td><td class="time">19:19</td></tr>')


def _ruliweb_thumbnail(key, beside="", inside=""):
    href = f"/market/board/1020/read/{key}?view=thumbnail"
    return ('<tr class="table_body normal blocktarget"><td colspan="7"><div class="text_wrapper">'
            f'<a href="{href}"><div class="title_wrapper subject relative"> [음식] {beside} '
            f'<a class="subject_link deco" href="{href}">{inside}제품 {key}</a>'
            f'<a href="{href}#cmt"><span class="num_reply">(17)</span></a></div></a>'
            '<div class="article_info"><span class="hit">조회 <strong>5</strong></span><span class="time">날짜 16:45</span></div>'
            '</div></td></tr>')


@test(each=["plain", "thumbnail"])
def ruliweb_is_sold_out_by_a_mark_beside_the_title_only(bench, view):
    draw = _ruliweb_plain if view == "plain" else _ruliweb_thumbnail
    special = [draw(key, beside, inside) for key, (beside, inside, _sold) in RULIWEB_MARKS.items()]
    body = "".join(special + [draw(900 + n) for n in range(PLAIN_ROWS)])

    rows = _crawl(bench, "ruliweb", "/market/board/1020?page=1",
                  f'<table class="board_list_table"><tbody>{body}</tbody></table>')

    _expect_sold_out(rows, {key: sold for key, (_beside, _inside, sold) in RULIWEB_MARKS.items()} | {"900": False})


# ---- ppomppu -------------------------------------------------------------------------------------

PPOMPPU_MOBILE_MARKS = {
    # key: (attributes of span.cont, its content, is it sold out)
    "1": ("", '제품 <span style="color:#ff0000">9,900원</span>', False),
    "2": ("", '제품 <span style="font-weight:bold">9,900원</span>', False),
    "3": ("", '<span style="color:#acacac">제품</span>', True),
    "4": ("", '<span style="color: gray">제품</span>', True),
    "5": ("", '<span style="text-decoration: line-through">제품</span>', True),
    "6": (' style="color: rgb(172, 172, 172)"', "제품", True),
    "7": (' style="text-decoration:line-through"', "제품", True),
    "8": ("", '<span class="subject_preface" style="color:gray">[몰]</span> 제품', False),
    "9": ("", '제품 <span style="color:white;background:gray">특가</span>', False),
}


def _ppomppu_mobile(key, attributes="", content="제품", address="id=ppomppu&no={}&page=1"):
    return ('<li class="none-border new_sk"><a class="list_b_01n" href="/new/bbs_view.php?'
            f'{address.format(key)}"><ul><li class="title"><span class="cont"{attributes}>{content} {key}</span></li>'
            '<li class="exp"><time>19:17:02</time><span class="view">5</span></li><li class="names">[기타] 닉</li></ul></a></li>')


def _ppomppu_mobile_list(special, list_class="bbsList_new"):
    plain = [_ppomppu_mobile(900 + n) for n in range(PLAIN_ROWS)]
    return f'<ul class="{list_class}">{"".join(special + plain)}</ul>'


def _crawl_ppomppu_mobile(bench, body):
    return _crawl(bench, "ppomppu", "/new/bbs_list.php?id=ppomppu&page=1", body)


@test
def ppomppu_mobile_is_sold_out_when_grey_or_struck_out_and_not_when_coloured(bench):
    special = [_ppomppu_mobile(key, *mark[:2]) for key, mark in PPOMPPU_MOBILE_MARKS.items()]

    rows = _crawl_ppomppu_mobile(bench, _ppomppu_mobile_list(special))

    _expect_sold_out(rows, {key: mark[2] for key, mark in PPOMPPU_MOBILE_MARKS.items()} | {"900": False})


@test
def ppomppu_mobile_list_is_read_under_its_other_name(bench):
    rows = _crawl_ppomppu_mobile(bench, _ppomppu_mobile_list([], "bbsList"))

    expect_equal(len(rows), PLAIN_ROWS, "rows")


@test
def ppomppu_mobile_row_is_known_when_the_board_is_the_last_parameter(bench):
    special = [_ppomppu_mobile("1", address="no={}&id=ppomppu"), _ppomppu_mobile("2", address="no={}&id=ppomppu4")]

    rows = _crawl_ppomppu_mobile(bench, _ppomppu_mobile_list(special))

    expect("1" in rows, "the row whose address ends in id=ppomppu was not read")
    expect("2" not in rows, "a row of ppomppu4 was taken for a deal")


def _ppomppu_desktop(key, address):
    return ('<tr class="baseList bbs_new1"><td class="baseList-numb">1</td><td><a class="baseList-title" '
            f'href="view.php?{address.format(key)}">제품 {key}</a><small class="baseList-small">[기타]</small></td><td title="26.07.04 21:00:50">'
            '<time class="baseList-time">21:00:50</time></td><td class="baseList-views">5</td></tr>')


def _ppomppu_desktop_2020(key, address):
    return (f'<tr class="list0"><td>1</td><td>[기타]</td><td><a href="view.php?{address.format(key)}">'
            f'<font class="list_title">제품 {key}</font></a></td><td title="20.03.01 21:00:50">21:00:50</td>'
            '<td>1 - 0</td><td>5</td></tr>')


@test(each=["2024", "2020"])
def ppomppu_desktop_row_is_known_when_the_board_is_the_last_parameter(bench, epoch):
    draw = _ppomppu_desktop if epoch == "2024" else _ppomppu_desktop_2020
    special = [draw("1", "no={}&id=ppomppu"), draw("2", "no={}&id=ppomppu8")]
    plain = [draw(900 + n, "id=ppomppu&page=1&no={}") for n in range(PLAIN_ROWS)]

    rows = _crawl(bench, "ppomppu", "/zboard/zboard.php?id=ppomppu&page=1",
                  f'<table><tbody>{"".join(special + plain)}</tbody></table>')

    expect("1" in rows, "the row whose address ends in id=ppomppu was not read")
    expect("2" not in rows, "a row of ppomppu8 was taken for a deal")


# ---- clien ---------------------------------------------------------------------------------------


def _clien(key, row_class="", label=""):
    return (f'<div class="list_item symph_row jirum {row_class}" data-board-sn="{key}" data-comment-count="1">'
            f'<span class="list_subject"><a href="/service/board/jirum/{key}?po=0" data-role="list-title-text">'
            f'품절 임박 제품 {key}</a></span><a class="icon_keyword">상품정보</a>{label}'
            '<div class="list_hit"><span class="hit">5</span></div><div class="list_time"><span class="time popover">04-18'
            '<span class="timestamp">2026-04-18 11:19:27</span></span></div></div>')


@test
def clien_is_sold_out_by_the_class_or_by_the_label(bench):
    special = [_clien("1", "sold_out", '<span class="icon_info">품절</span>'), _clien("2", "sold_out"),
               _clien("3", "", '<span class="icon_info"> 품절 </span>'), _clien("4", "", '<span class="icon_info">공지</span>')]
    plain = [_clien(900 + n) for n in range(PLAIN_ROWS)]

    rows = _crawl(bench, "clien", "/service/board/jirum", "".join(special + plain))

    _expect_sold_out(rows, {"1": True, "2": True, "3": True, "4": False, "900": False})
