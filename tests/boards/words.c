/* SPDX-License-Identifier: MIT */
/* words.c - the made-up malls, products and people that deals are composed of. */
#include "boards/words.h"

#define LIST(array)                             \
    {                                           \
        array, sizeof(array) / sizeof(array[0]) \
    }

static const char *const malls[] = {
    "다모아몰", "장터나라", "쿠폰가게", "하루마켓", "오픈딜",   "늘봄쇼핑",   "마트로",   "Q스토어",
    "딜샵24",   "해외로몰", "N장터",    "7번길",    "반값다락", "새벽바구니", "온누리샵", "G나루",
};
const struct words words_malls = LIST(malls);

static const char *const brands[] = {
    "다온",     "해든",     "루미엘",   "한결식품", "바른들판", "에코담",   "노바텍스", "픽셀온",
    "클레온",   "오로라홈", "진담푸드", "토담골",   "그린비츠", "제타코어", "라온기어", "모아핏",
    "하늬바람", "도란",     "LUMINO",   "Zetta",    "KOBIT",    "소소담",   "달빛상회", "온새미",
};
const struct words words_brands = LIST(brands);

static const char *const food[] = {
    "현미 즉석밥",   "매콤 쫄볶이",     "제로 레몬 탄산수", "구운 도시락김",   "통밀 식빵",
    "한입 닭가슴살", "국산콩 두부과자", "사골곰탕",         "열무김치",        "드립백 커피",
    "냉동 블루베리", "고구마 말랭이",   "오징어 짬뽕라면",  "흑임자 그래놀라",
};
static const char *const digital[] = {
    "무선 이어폰",   "65W 고속 충전기", "보조배터리",    "스마트워치",  "휴대용 스피커",
    "4K 빔프로젝터", "액션캠",          "태블릿 거치대", "차량용 블박", "노이즈캔슬링 헤드폰",
};
static const char *const computer[] = {
    "RTX 5070 그래픽카드", "NVMe SSD",      "27인치 QHD 모니터", "기계식 키보드", "무선 마우스",
    "DDR5 메모리",         "미니PC 베어본", "USB-C 허브",        "게이밍 의자",   "웹캠 FHD",
};
static const char *const wear[] = {
    "스트레치 치노팬츠", "경량 패딩조끼", "트레일 러닝화", "오버핏 맨투맨", "기모 후드집업",
    "울혼방 니트",       "방수 등산화",   "드라이 반팔티", "캔버스 토트백", "장목양말",
};
static const char *const home[] = {
    "로봇청소기", "물걸레 청소포", "에어프라이어",    "스팀다리미",    "메모리폼 베개",
    "전기장판",   "제습기",        "세라믹 프라이팬", "접이식 테이블", "LED 스탠드",
};
static const char *const other[] = {
    "캡슐 세탁세제", "3겹 화장지",  "고체 방향제", "반려견 배변패드", "차량용 청소기",
    "캠핑 웨건",     "미세모 칫솔", "문화상품권",  "극세사 타월",     "손소독 티슈",
};
const struct words words_products[KIND_COUNT] = {
    [KIND_FOOD] = LIST(food), [KIND_DIGITAL] = LIST(digital), [KIND_COMPUTER] = LIST(computer),
    [KIND_WEAR] = LIST(wear), [KIND_HOME] = LIST(home),       [KIND_OTHER] = LIST(other),
};

static const char *const food_specs[] = {"210g 24개", "1kg+500g",      "500ml 40펫",  "5g 48봉",
                                         "3kg",       "10팩 골라담기", "30캔 x 2박스"};
static const char *const digital_specs[] = {"2세대",        "블랙",     "20,000mAh",
                                            "정품 1년 A/S", "국내정발", "2개입"};
static const char *const computer_specs[] = {"1TB",  "32GB(16Gx2)", "165Hz",
                                             "적축", "벌크",        "OC 에디션"};
static const char *const wear_specs[] = {"3컬러", "2장 구성", "FW신상", "남녀공용", "S~3XL", "3팩"};
static const char *const home_specs[] = {"5L", "대형", "3종 세트", "AX-210", "2024년형", "200매"};
static const char *const other_specs[] = {"3.1L 4개", "27m 30롤", "100매 10팩",
                                          "리필형",   "12개월분", "10+2"};
const struct words words_specs[KIND_COUNT] = {
    [KIND_FOOD] = LIST(food_specs),         [KIND_DIGITAL] = LIST(digital_specs),
    [KIND_COMPUTER] = LIST(computer_specs), [KIND_WEAR] = LIST(wear_specs),
    [KIND_HOME] = LIST(home_specs),         [KIND_OTHER] = LIST(other_specs),
};

static const char *const quirks[] = {
    "블랙 & 화이트", "\"한정판\"", "<리필 포함>",     "A&S 정품", "1+1",
    "종료임박",      "'오늘만'",   "쿠폰 & 카드할인", "[재입고]", "~50% 할인",
};
const struct words words_quirks = LIST(quirks);

static const char *const long_tails[] = {
    "(바질/토마토/페퍼로니/올리브/크림어니언/체다치즈 중 3종) 카드 청구할인 + 쿠폰 적용 시 최저가",
    "본품 2개 + 리필 4개 + 사은품 파우치 증정, 앱 전용 쿠폰 다운로드 후 결제 단계에서 자동 적용",
    "대용량 패밀리팩 무료반품 가능 오늘 오후 11시까지 라이브 방송 중에만 추가 할인",
};
const struct words words_long_tails = LIST(long_tails);

static const char *const shippings[] = {"무료",    "무료",    "무료",        "무배", "무료배송",
                                        "3,000원", "2,500원", "2장이상무배", "유료", "와우무배"};
const struct words words_shippings = LIST(shippings);

static const char *const emoji[] = {"🔥", "🎁", "🛒", "💥", "🍗"};
const struct words words_emoji = LIST(emoji);

static const char *const uhc[] = {"뷁스터",   "펲시랩",   "똠얌하우스",
                                  "찦차공방", "햏볕상점", "믜르공장"};
const struct words words_uhc = LIST(uhc);

static const char *const uhc_malls[] = {"펲마트", "똠방몰", "햏몰", "뷁스토어"};
static const char *const uhc_nicks[] = {"믱믱이", "뷁어", "햏자", "쌰랄라"};
const struct words words_uhc_malls = LIST(uhc_malls);
const struct words words_uhc_nicks = LIST(uhc_nicks);

static const char *const nick_heads[] = {"졸린",   "배고픈", "알뜰한", "느긋한", "용감한",
                                         "새벽의", "주말",   "조용한", "반짝",   "골목"};
static const char *const nick_tails[] = {"고래", "수달", "참새",   "호박",   "다람쥐",
                                         "감자", "여우", "두루미", "너구리", "보리"};
const struct words words_nick_heads = LIST(nick_heads);
const struct words words_nick_tails = LIST(nick_tails);

static const char *const notices[] = {
    "전체 게시판 이용 안내",
    "[알림] 관심 단어를 등록하고 소식을 받아보세요",
    "핫딜 게시판 글쓰기 규칙 & 제재 기준",
    "광고성 게시물 신고 방법",
};
const struct words words_notices = LIST(notices);

static const char *const ads[] = {
    "[다모아몰] 빅세일 에어컨 LIVE 오전 11시 시작! 75인치 TV(151만원대)/85인치 TV(269만원대)...",
    "[늘봄쇼핑] 뽑아쓰는 극세사 타월 22매입 (7,500원/무배)...",
    "[마트로] 숙성 한우 육회 200g (16,110원/무료)",
    "[장터나라] 자급제 휴대폰 / 플러스 / 울트라 /...",
    "[딜샵24] 김치냉장고 & 냉장고 세트 최대혜택가 281만",
    "[오픈딜] 주말 한정 가전 총출동 (다양/무료)",
};
const struct words words_ads = LIST(ads);

static const char *const chats[] = {
    "동네 마트 저녁 할인 다녀왔습니다",   "통식빵 추천합니다",
    "종료) 편의점 삼각김밥 100원 이벤트", "요즘 장바구니 물가 이야기",
    "택배가 세 번째 미뤄졌네요",
};
const struct words words_chats = LIST(chats);

static const char *const shops[] = {"쇼핑파트너", "알뜰공식점", "디지털마당", "한결정보",
                                    "다모아공식"};
const struct words words_shops = LIST(shops);

const char *words_pick(const struct words *w, unsigned long long at)
{
    return w->items[at % w->count];
}
