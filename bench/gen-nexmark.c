/*
 * gen-nexmark: the events of NEXMark's auctions, as its one Kafka topic has them: a JSON object a line.
 *
 * usage: gen-nexmark EVENTS SEED [EVENTS_PER_SECOND]
 *
 * The same seed gives the same bytes anywhere, and fewer events are the beginning of more. Of 50 events the first
 * is a person, the next 3 are auctions, the others bids. Numbers are drawn as NEXMark's generator does it: half
 * of the bids are on a hot auction, three quarters are of a hot bidder, as many auctions of a hot seller, and who
 * is not hot is one of the last few, or one that is yet to come. Times rise evenly (default: 10000 a second).
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "draw.h"

enum {
	PERSONS = 1, /* of a cycle of events */
	AUCTIONS = 3,
	CYCLE = 50,
	FIRST_ID = 1000,
	FIRST_CATEGORY = 10,
	CATEGORIES = 5,
	HOT_BATCH = 100, /* one of so many persons or auctions is hot at a time */
	LEAD = 10,       /* ids that are yet to come */
	ACTIVE_PERSONS = 1000,
	OPEN_AUCTIONS = 100,
	CHANNELS = 10000,  /* cold ones */
	PERSON_SIZE = 200, /* of the values of a record, on average */
	AUCTION_SIZE = 500,
	BID_SIZE = 100,
	NUMBER_SIZE = 8,
	RECORD_MAX = 4096,
};

/* 2025-04-21 18:30:00 */
static const uint64_t first_ms = 1745260200000;

struct gen {
	uint64_t random; /* state of xorshift64 */
	uint64_t rate;   /* events a second */
	uint64_t event;  /* its number, from 0 */
	uint64_t ms;     /* its time */
	struct stamp {
		uint64_t s;
		char text[sizeof "2025-04-21 18:30:00"];
	} stamp; /* the last second that was printed */
	size_t len;
	char record[RECORD_MAX];
};

/* Seeds that are near each other shall not begin alike, nor one be 0. */
static uint64_t seed_of(uint64_t seed)
{
	return (seed * 2 + 1) * UINT64_C(0x9e3779b97f4a7c15);
}

static unsigned draw_below(struct gen *g, unsigned n)
{
	return draw_below_from(&g->random, n);
}

/* --- Text --- */

static void put_bytes(struct gen *g, const char *bytes, size_t len)
{
	if (len > sizeof g->record - g->len)
		abort();
	memcpy(g->record + g->len, bytes, len);
	g->len += len;
}

static inline void put(struct gen *g, const char *text)
{
	put_bytes(g, text, strlen(text));
}

static void put_number(struct gen *g, uint64_t n)
{
	char digits[20];
	char *p = digits + sizeof digits;

	do
		*--p = (char)('0' + n % 10);
	while (n /= 10);
	put_bytes(g, p, (size_t)(digits + sizeof digits - p));
}

static void put_digits(struct gen *g, unsigned n, unsigned width)
{
	char digits[8];

	for (unsigned i = width; i > 0; i--, n /= 10)
		digits[i - 1] = (char)('0' + n % 10);
	put_bytes(g, digits, width);
}

static void put_time(struct gen *g, uint64_t ms)
{
	uint64_t s = ms / 1000;

	if (s != g->stamp.s) {
		time_t clock = (time_t)s;
		struct tm tm;

		gmtime_r(&clock, &tm);
		strftime(g->stamp.text, sizeof g->stamp.text, "%Y-%m-%d %H:%M:%S", &tm);
		g->stamp.s = s;
	}
	put_bytes(g, g->stamp.text, sizeof g->stamp.text - 1);
	put(g, ".");
	put_digits(g, (unsigned)(ms % 1000), 3);
}

/* Small letters, eight of a number. */
static void put_letters(struct gen *g, unsigned len)
{
	char *p = g->record + g->len;
	uint64_t bits = 0;

	if (len > sizeof g->record - g->len)
		abort();
	for (unsigned i = 0; i < len; i++, bits >>= 8) {
		if (i % 8 == 0)
			bits = draw_from(&g->random);
		p[i] = (char)('a' + ((bits & 0xff) * 26 >> 8));
	}
	g->len += len;
}

/* 3 to max - 1 letters, with now and then a gap, which is not at an end. How many. */
static size_t put_words(struct gen *g, uint64_t *random, unsigned max, char gap)
{
	unsigned len = 3 + draw_below_from(random, max - 3);
	char text[128];

	for (unsigned i = 0; i < len; i++) {
		bool between = i > 0 && i + 1 < len && draw_below_from(random, 13) == 0;

		text[i] = between ? gap : (char)('a' + draw_below_from(random, 26));
	}
	put_bytes(g, text, len);
	return len;
}

/* The last member: letters that make the record's values as long as they are on average, give or take a fifth. */
static void put_extra(struct gen *g, size_t size, size_t average)
{
	unsigned more = size < average ? (unsigned)(average - size) : 0, fifth = more / 5;

	put(g, ",\"extra\":\"");
	put_letters(g, more - fifth + (fifth ? draw_below(g, 2 * fifth) : 0));
	put(g, "\"}");
}

/* --- Who, and how much --- */

static uint64_t last_person(const struct gen *g)
{
	return g->event / CYCLE;
}

/* The event is none of the first cycle's person, which has no auction before it. */
static uint64_t last_auction(const struct gen *g)
{
	uint64_t place = g->event % CYCLE;

	if (place < PERSONS)
		return g->event / CYCLE * AUCTIONS - 1;
	if (place >= PERSONS + AUCTIONS)
		place = PERSONS + AUCTIONS - 1;
	return g->event / CYCLE * AUCTIONS + place - PERSONS;
}

static uint64_t hot(uint64_t last)
{
	return last / HOT_BATCH * HOT_BATCH;
}

/* One of the last `recent` and of those that come next. */
static uint64_t draw_recent(struct gen *g, uint64_t last, unsigned recent)
{
	unsigned there = last + 1 < recent ? (unsigned)last + 1 : recent;

	return last + 1 - there + draw_below(g, there + LEAD);
}

static uint64_t draw_seller(struct gen *g)
{
	if (draw_below(g, 4) > 0)
		return FIRST_ID + hot(last_person(g));
	return FIRST_ID + draw_recent(g, last_person(g), ACTIVE_PERSONS);
}

/* Not the hot seller. */
static uint64_t draw_bidder(struct gen *g)
{
	if (draw_below(g, 4) > 0)
		return FIRST_ID + hot(last_person(g)) + 1;
	return FIRST_ID + draw_recent(g, last_person(g), ACTIVE_PERSONS);
}

static uint64_t draw_auction(struct gen *g)
{
	if (draw_below(g, 2) > 0)
		return FIRST_ID + hot(last_auction(g));
	return FIRST_ID + draw_recent(g, last_auction(g), OPEN_AUCTIONS + 1);
}

/*
 * 100 to 100000000, as many in each decade: 100 * 10^x for x from 0 to 6. In integers, which are the same anywhere:
 * of 10^x, x < 1, each bit of x is a factor.
 */
static uint64_t draw_price(struct gen *g)
{
	enum { BITS = 20, ONE_BITS = 30, MANTISSA_BITS = 28 };
	static const uint32_t roots[BITS] = {
		/* 10^(1/2), 10^(1/4), ... by 2^30 */
		3395469783, 1909412977, 1431857735, 1239937715, 1153851370, 1113076131, 1093232087,
		1083443130, 1078581570, 1076158976, 1074949721, 1074345603, 1074043671, 1073892737,
		1073817278, 1073779550, 1073760687, 1073751255, 1073746540, 1073744182,
	};
	static const uint32_t decades[] = {100, 1000, 10000, 100000, 1000000, 10000000};
	uint64_t price = UINT64_C(1) << MANTISSA_BITS;
	unsigned x = draw_below(g, 1U << BITS), decade = draw_below(g, 6);

	for (unsigned i = 0; i < BITS; i++) {
		if (x >> i & 1)
			price = price * roots[BITS - 1 - i] >> ONE_BITS;
	}
	return (price * decades[decade] + (UINT64_C(1) << (MANTISSA_BITS - 1))) >> MANTISSA_BITS;
}

/* --- Records --- */

struct words {
	const char *const *v;
	unsigned n;
};

#define WORDS(...)                                                                                 \
	{                                                                                          \
		(const char *const[]){__VA_ARGS__},                                                \
			sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)                \
	}

static const struct words first_names = WORDS("Peter", "Paul", "Luke", "John", "Saul", "Vicky",
					      "Kate", "Julie", "Sarah", "Deiter", "Walter");
static const struct words last_names = WORDS("Shultz", "Abrams", "Spencer", "White", "Bartels",
					     "Walton", "Smith", "Jones", "Noris");
static const struct words cities =
	WORDS("Phoenix", "Los Angeles", "San Francisco", "Boise", "Portland", "Bend", "Redmond",
	      "Seattle", "Kent", "Cheyenne");
static const struct words states = WORDS("AZ", "CA", "ID", "OR", "WA", "WY");
static const struct words hot_channels = WORDS("Google", "Facebook", "Baidu", "Apple");

/* One of the words. Its length. */
static size_t put_word(struct gen *g, const struct words *words)
{
	const char *word = words->v[draw_below(g, words->n)];

	put(g, word);
	return strlen(word);
}

static void put_person(struct gen *g)
{
	size_t size = NUMBER_SIZE;

	put(g, "{\"event_type\":0,\"person\":{\"id\":");
	put_number(g, FIRST_ID + last_person(g));
	put(g, ",\"name\":\"");
	size += put_word(g, &first_names);
	put(g, " ");
	size += 1 + put_word(g, &last_names);
	put(g, "\",\"emailAddress\":\"");
	size += put_words(g, &g->random, 7, '.');
	put(g, "@");
	size += 1 + put_words(g, &g->random, 5, '-');
	put(g, ".com\",\"creditCard\":\"");
	for (unsigned i = 0; i < 4; i++) {
		if (i)
			put(g, " ");
		put_digits(g, draw_below(g, 10000), 4);
	}
	size += strlen(".com1234 1234 1234 1234");
	put(g, "\",\"city\":\"");
	size += put_word(g, &cities);
	put(g, "\",\"state\":\"");
	size += put_word(g, &states);
	put(g, "\",\"dateTime\":\"");
	put_time(g, g->ms);
	put(g, "\"");
	put_extra(g, size, PERSON_SIZE);
	put(g, ",\"auction\":null,\"bid\":null}\n");
}

/* When as many auctions as are open have come once more: on average that long is one open. */
static uint64_t draw_expiry(struct gen *g)
{
	uint64_t length = (uint64_t)OPEN_AUCTIONS * CYCLE / AUCTIONS * 1000 / g->rate;

	return g->ms + 1 + (length ? draw_below(g, (unsigned)(2 * length)) : 0);
}

static void put_auction(struct gen *g)
{
	uint64_t first_bid = draw_price(g);
	size_t size = 6 * NUMBER_SIZE;

	put(g, "{\"event_type\":1,\"person\":null,\"auction\":{\"id\":");
	put_number(g, FIRST_ID + last_auction(g));
	put(g, ",\"itemName\":\"");
	size += put_words(g, &g->random, 20, ' ');
	put(g, "\",\"description\":\"");
	size += put_words(g, &g->random, 100, ' ');
	put(g, "\",\"initialBid\":");
	put_number(g, first_bid);
	put(g, ",\"reserve\":");
	put_number(g, first_bid + draw_price(g));
	put(g, ",\"dateTime\":\"");
	put_time(g, g->ms);
	put(g, "\",\"expires\":\"");
	put_time(g, draw_expiry(g));
	put(g, "\",\"seller\":");
	put_number(g, draw_seller(g));
	put(g, ",\"category\":");
	put_number(g, FIRST_CATEGORY + draw_below(g, CATEGORIES));
	put_extra(g, size, AUCTION_SIZE);
	put(g, ",\"bid\":null}\n");
}

/* Each channel has a URL of its own, the same one always; of ten cold ones nine have their id in it. */
static void put_channel_and_url(struct gen *g)
{
	bool is_hot = draw_below(g, 2) > 0;
	unsigned channel = draw_below(g, is_hot ? hot_channels.n : CHANNELS);
	uint64_t random = seed_of(is_hot ? CHANNELS + channel : channel);

	if (is_hot) {
		put(g, hot_channels.v[channel]);
	} else {
		put(g, "channel-");
		put_number(g, channel);
	}
	put(g, "\",\"url\":\"https://www.nexmark.com/");
	for (unsigned i = 0; i < 3; i++) {
		put_words(g, &random, 5, '_');
		put(g, "/");
	}
	put(g, "item.htm?query=1");
	if (!is_hot && draw_below_from(&random, 10) > 0) {
		put(g, "&channel_id=");
		put_number(g, draw_below_from(&random, 1U << 31));
	}
}

static void put_bid(struct gen *g)
{
	put(g, "{\"event_type\":2,\"person\":null,\"auction\":null,\"bid\":{\"auction\":");
	put_number(g, draw_auction(g));
	put(g, ",\"bidder\":");
	put_number(g, draw_bidder(g));
	put(g, ",\"price\":");
	put_number(g, draw_price(g));
	put(g, ",\"channel\":\"");
	put_channel_and_url(g);
	put(g, "\",\"dateTime\":\"");
	put_time(g, g->ms);
	put(g, "\"");
	put_extra(g, 4 * NUMBER_SIZE, BID_SIZE);
	put(g, "}\n");
}

static void put_event(struct gen *g)
{
	uint64_t place = g->event % CYCLE;

	g->len = 0;
	g->ms = first_ms + g->event * 1000 / g->rate;
	if (place < PERSONS)
		put_person(g);
	else if (place < PERSONS + AUCTIONS)
		put_auction(g);
	else
		put_bid(g);
}

static bool parse_count(const char *text, uint64_t least, uint64_t *n)
{
	char *end;

	errno = 0;
	*n = strtoull(text, &end, 10);
	return !errno && end != text && !*end && *text != '-' && *n >= least;
}

int main(int argc, char **argv)
{
	static struct gen g = {.rate = 10000};
	uint64_t events, seed;

	if (argc < 3 || argc > 4 || !parse_count(argv[1], 0, &events) ||
	    !parse_count(argv[2], 0, &seed) || (argc == 4 && !parse_count(argv[3], 1, &g.rate))) {
		fprintf(stderr, "Usage: gen-nexmark EVENTS SEED [EVENTS_PER_SECOND]\n");
		return 2;
	}
	g.random = seed_of(seed);
	for (; g.event < events; g.event++) {
		put_event(&g);
		fwrite(g.record, 1, g.len, stdout);
	}
	if (fflush(stdout) != 0 || ferror(stdout)) {
		perror("gen-nexmark");
		return 1;
	}
	return 0;
}
