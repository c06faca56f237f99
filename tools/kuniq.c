/* kuniq: the first record of each key. */
#include <stdlib.h>
#include <unistd.h>

#include "diag.h"
#include "expr.h"
#include "filter.h"
#include "keytab.h"
#include "loop.h"
#include "mem.h"
#include "streamtime.h"
#include "toolstate.h"
#include "utf8.h"
#include "watermark.h"
#include "when.h"

enum {
	NEVER = -1,
	SWEEP_MIN = 4096, /* keys: fewer are not worth a look at what may be forgotten */
};

struct kuniq {
	struct strlist groups;
	bool raw_input;
	int64_t within; /* NEVER: keys are kept for good */
	struct streamtime_conf time;
	struct toolstate_conf keep;
	struct filter_conf filter;

	struct exprset *set;
	struct expreval *ev;
	struct val *values; /* of the programs: first those below, then the keys */
	struct streamtime *st;
	struct state *state;
	struct keytab *seen; /* slots: the time of the key's first record, with --within */
	size_t sweep;        /* so many keys: time to drop those that are forgotten */
	size_t most;
	int64_t watermark;
	struct buf key, err;
};

enum { TIME, TOPIC, PARTITION, KEYS }; /* the first three as streamtime has them */

#define OFF(field) offsetof(struct kuniq, field)

static const struct opt opts[] = {
	{'g', "group-by", OPT_LIST, OFF(groups), "EXPR", "the key; repeated, all of them together",
	 NULL},
	{0, "within", OPT_DURATION, OFF(within), "D",
	 "forget a key when event time is more than D past its first", NULL},
	{'R', "raw-input", OPT_FLAG, OFF(raw_input), NULL,
	 "records are text: each line is a string", NULL},
	{0},
};

static const struct opt late_opts[] = {
	{0, "late", OPT_FILE, offsetof(struct filter_conf, late), "FILE",
	 "append records that came too late to FILE", NULL},
	{0},
};

static const struct tool tool = {
	.usage = "-g EXPR [--within D -T EXPR] [OPTIONS] [FILE...]",
	.summary = "Pass the first record of each key.",
	.max_operands = -1,
};

/* Has time gone past what is remembered of a record of time t? */
static bool forgotten(const struct kuniq *k, int64_t t)
{
	return k->watermark != WATERMARK_NONE && k->watermark > t + k->within;
}

static bool remembered(void *ctx, void *slot, size_t number)
{
	(void)number;
	return !forgotten(ctx, *(int64_t *)slot);
}

/* Looks at all keys when there are twice as many as the last time left: once per key on average. */
static void sweep(struct kuniq *k)
{
	if (k->within == NEVER || keytab_count(k->seen) < k->sweep)
		return;
	keytab_keep(k->seen, remembered, k);
	k->sweep = 2 * keytab_count(k->seen) + SWEEP_MIN;
}

static bool is_first(struct kuniq *k, int64_t t)
{
	bool made;
	int64_t *first = keytab_put(k->seen, buf_slice(&k->key), &made);

	if (keytab_count(k->seen) > k->most)
		k->most = keytab_count(k->seen);
	if (k->within == NEVER)
		return made;
	if (!made && !forgotten(k, *first))
		return false;
	*first = t;
	return true;
}

static int eval(struct kuniq *k, struct slice rec, int64_t *t)
{
	int rc = k->raw_input ? expreval_text(k->ev, rec, k->values, &k->err)
			      : expreval_json(k->ev, rec, k->values, &k->err);

	if (rc < 0)
		return -1;
	*t = 0;
	if (k->within != NEVER && streamtime_of(k->st, &k->values[TIME], t, &k->err) < 0)
		return -1;
	buf_clear(&k->key);
	for (size_t i = 0; i < k->groups.n; i++)
		val_put_key(&k->key, &k->values[KEYS + i]);
	/* What libjq replaces would make it equal to others. */
	if (!utf8_replaced(k->key.data, k->key.len, rec.ptr, rec.len))
		return 0;
	buf_setf(&k->err, "the key is not UTF-8");
	return -1;
}

/* By the watermark of the records before it; then it moves that. */
static void add(struct kuniq *k, struct slice rec, int64_t t, struct result *res)
{
	if (k->within != NEVER && forgotten(k, t)) {
		res->late++;
		buf_add(&res->late_records, rec.ptr, rec.len + 1);
	} else if (is_first(k, t)) {
		buf_add(&res->out, rec.ptr, rec.len + 1);
	}
	if (k->within == NEVER)
		return;
	k->watermark = streamtime_observe(k->st, &k->values[TIME], t);
	sweep(k);
}

static void apply(void *ctx, const struct block *blk, struct result *res)
{
	struct kuniq *k = ctx;
	struct slice rec;
	int64_t t;

	while (result_next(res, blk, &rec)) {
		if (eval(k, rec, &t) < 0) {
			if (!result_bad_line(res, blk, rec, buf_str(&k->err)))
				return;
			continue;
		}
		res->native += expreval_native(k->ev);
		add(k, rec, t, res);
	}
}

static int64_t tick(void *ctx, int64_t now, int64_t waited, struct buf *out)
{
	struct kuniq *k = ctx;

	(void)now;
	(void)out;
	/* What is forgotten shows when the next record comes: there is nothing to wake up for. */
	if (k->within != NEVER)
		k->watermark = streamtime_wait(k->st, waited);
	return LOOP_FOREVER;
}

static void stats(void *ctx, struct buf *out)
{
	const struct kuniq *k = ctx;

	buf_addf(out, ",\"keys\":%zu,\"most_keys\":%zu,\"held_bytes\":%zu", keytab_count(k->seen),
		 k->most, keytab_memory(k->seen));
}

/* --- Setting up --- */

static void check(struct kuniq *k)
{
	if (!k->groups.n)
		diag_usage("-g EXPR is missing: what is it that comes once?");
	if (k->within == NEVER)
		streamtime_unused(&k->time, "--within");
	if (k->within == NEVER && k->filter.late)
		diag_usage("--late goes with --within");
	streamtime_check(&k->time, k->within != NEVER);
}

static void compile(struct kuniq *k)
{
	struct expr_source *programs = mem_zalloc(KEYS + k->groups.n, sizeof *programs);
	struct expr_conf conf = {.engine = EXPR_AUTO};
	bool timed = k->within != NEVER, parted = timed && k->time.envelope;

	programs[TIME].text = timed ? k->time.time : "null";
	programs[TOPIC].text = parted ? ".topic" : "null";
	programs[PARTITION].text = parted ? ".partition" : "null";
	for (size_t i = 0; i < k->groups.n; i++)
		programs[KEYS + i] = (struct expr_source){.text = k->groups.v[i], .kind = EXPR_KEY};
	k->set = exprset_new(programs, KEYS + k->groups.n, &conf, &k->err);
	if (!k->set)
		diag_die(EXIT_USAGE, "%s", buf_str(&k->err));
	k->ev = expreval_new(k->set);
	k->values = mem_zalloc(KEYS + k->groups.n, sizeof *k->values);
	free(programs);
}

static void set_up(struct kuniq *k, struct filter_tool *f)
{
	uint64_t seed;

	check(k);
	compile(k);
	if (getentropy(&seed, sizeof seed) < 0)
		seed = 1;
	if (k->within != NEVER)
		k->st = streamtime_new(&k->time);
	k->seen = keytab_new(k->within == NEVER ? 0 : sizeof(int64_t), seed);
	k->sweep = SWEEP_MIN;
	k->watermark = WATERMARK_NONE;
	f->apply = apply;
	f->tick = tick;
	f->stats = stats;
	f->raw = k->raw_input;
	f->prompt = true;
}

/* --- State --- */

static void put_options(const struct kuniq *k, struct buf *out)
{
	if (k->raw_input)
		buf_add_str(out, " -R");
	if (k->within != NEVER) {
		buf_add_str(out, " --within ");
		when_put_duration(out, k->within);
		streamtime_put_options(&k->time, out);
	}
	for (size_t i = 0; i < k->groups.n; i++)
		buf_addf(out, " -g %s", k->groups.v[i]);
}

/* The keys in their order, each with the time of its first record. */
static bool load_keys(struct kuniq *k, struct unpack *in)
{
	enum { LEAST = 2 * sizeof(int64_t) }; /* bytes of an empty key and its time */
	size_t n = unpack_count(in, LEAST);

	for (size_t i = 0; i < n && !in->bad; i++) {
		struct slice key = unpack_bytes(in);
		int64_t first = unpack_int(in);
		bool made;
		int64_t *slot = keytab_put(k->seen, key, &made);

		if (!made)
			return false;
		if (k->within != NEVER)
			*slot = first;
	}
	return !in->bad && !in->left.len;
}

static void load(struct kuniq *k)
{
	struct buf options = BUF_INIT;
	struct unpack in;

	put_options(k, &options);
	k->state = toolstate_open(&k->keep, buf_slice(&options), &in);
	buf_free(&options);
	if (!in.left.len)
		return;
	if ((k->st && !streamtime_load(k->st, &in)) || !load_keys(k, &in))
		toolstate_damaged(&k->keep);
	if (k->st)
		k->watermark = streamtime_watermark(k->st);
	k->most = keytab_count(k->seen);
	k->sweep = 2 * k->most + SWEEP_MIN;
}

/* After all is written. */
static int save(struct kuniq *k)
{
	struct buf bytes = BUF_INIT;
	int rc;

	if (k->st) {
		streamtime_save(k->st, &bytes);
		keytab_keep(k->seen, remembered, k);
	}
	pack_int(&bytes, (int64_t)keytab_count(k->seen));
	for (size_t i = 0; i < keytab_count(k->seen); i++) {
		struct slice key = keytab_key(k->seen, i);

		pack_bytes(&bytes, key.ptr, key.len);
		pack_int(&bytes, k->st ? *(int64_t *)keytab_slot(k->seen, i) : 0);
	}
	rc = toolstate_save(k->state, buf_slice(&bytes));
	buf_free(&bytes);
	return rc;
}

static void clean_up(struct kuniq *k)
{
	state_free(k->state);
	expreval_free(k->ev);
	exprset_free(k->set);
	streamtime_free(k->st);
	keytab_free(k->seen);
	strlist_free(&k->groups);
	buf_free(&k->key);
	buf_free(&k->err);
	free(k->values);
}

int main(int argc, char **argv)
{
	struct kuniq k = {.within = NEVER, .time = STREAMTIME_CONF_INIT, .filter = FILTER_CONF_INIT};
	const struct optgroup groups[] = {
		{"Keys", opts, &k},
		{"Time, with --within", streamtime_opts, &k.time},
		{"State", toolstate_opts, &k.keep},
		{"Late records", late_opts, &k.filter},
		{"Input and output", filter_opts, &k.filter},
		{0},
	};
	struct filter_tool f = FILTER_TOOL_INIT;
	struct operands operands;
	int rc;

	diag_init(argv[0]);
	loop_init();
	opt_parse(&tool, groups, argc, argv, &operands);
	set_up(&k, &f);
	load(&k);
	rc = filter_run(&f, &k, &k.filter, operands);
	if (rc == EXIT_OK && k.state)
		rc = save(&k);
	clean_up(&k);
	return rc;
}
