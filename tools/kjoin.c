/* kjoin: records of two streams, or of a stream and a table, that have the same key. */
#include "kjoin_priv.h"

#include <math.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "diag.h"
#include "loop.h"
#include "mem.h"
#include "utf8.h"
#include "watermark.h"
#include "when.h"

/* --- Rows --- */

static void put_side(struct buf *out, const char *name, struct slice record)
{
	buf_add_str(out, name);
	if (record.ptr)
		buf_add(out, record.ptr, record.len);
	else
		buf_add_str(out, "null");
}

/* In front of a key stands its window. */
static void put_window(struct buf *out, struct slice *key)
{
	struct span span;

	memcpy(&span, key->ptr, sizeof span);
	*key = slice_of(key->ptr + sizeof span, key->len - sizeof span);
	buf_add_str(out, "\"window_start\":\"");
	when_put(out, span.start);
	buf_add_str(out, "\",\"window_end\":\"");
	when_put(out, span.end);
	buf_add_str(out, "\",");
}

/* Of several values an array. */
static void put_key(struct buf *out, struct slice key, size_t n)
{
	struct val v;

	buf_add_str(out, n > 1 ? "\"key\":[" : "\"key\":");
	for (size_t i = 0; i < n && val_next_key(&key, &v); i++) {
		if (i)
			buf_add_char(out, ',');
		val_put_json(out, &v);
	}
	if (n > 1)
		buf_add_char(out, ']');
}

static void emit(void *ctx, struct slice key, struct slice left, struct slice right)
{
	struct kjoin *k = ctx;

	buf_add_char(k->out, '{');
	if (k->window.size)
		put_window(k->out, &key);
	put_key(k->out, key, k->keys.n);
	put_side(k->out, ",\"left\":", left);
	put_side(k->out, ",\"right\":", right);
	buf_add_char(k->out, '}');
	buf_add_char(k->out, filter_record_end(&k->filter));
	/* A key that many records have makes more rows of one than are to be kept. */
	if (k->res)
		result_go_on(k->res);
}

/* --- Time --- */

/* A side without records holds the other back only for a while. */
static bool is_idle(const struct kjoin *k, enum join_side side)
{
	return k->waited - k->sides[side].seen >= streamtime_idle(&k->time);
}

/* Will no record of it come? One that goes on in the next run still has a say. */
static bool has_ended(const struct kjoin *k, const struct side *s)
{
	return s->ended && !kjoin_goes_on(k);
}

/* The lesser of both, when both have a say. */
static int64_t both_watermarks(struct kjoin *k)
{
	int64_t least = INT64_MAX, greatest = INT64_MIN;
	bool live = false;

	for (int i = JOIN_LEFT; i <= JOIN_RIGHT; i++) {
		struct side *s = &k->sides[i];
		int64_t wm;

		if (has_ended(k, s))
			continue;
		wm = streamtime_watermark(s->st);
		greatest = wm > greatest ? wm : greatest;
		if (is_idle(k, (enum join_side)i))
			continue;
		live = true;
		least = wm < least ? wm : least;
	}
	return live ? least : greatest;
}

/* Without event time, --ttl counts from when a record came. */
static void advance(struct kjoin *k)
{
	int64_t wm;

	if (!k->timed && k->ttl == KJOIN_NEVER)
		return;
	wm = k->timed ? both_watermarks(k) : k->now;
	if (wm > k->watermark) {
		k->watermark = wm;
		join_advance(k->join, wm);
	}
}

/* When, on the clock, `waited` comes to this, if nothing else comes. */
static int64_t on_clock(const struct kjoin *k, int64_t waited)
{
	if (waited - k->waited >= LOOP_FOREVER - k->now)
		return LOOP_FOREVER;
	return k->now + (waited - k->waited);
}

/* When, on the clock, a side gets to this mark without a record, or past one that is idle. */
static int64_t side_reached(struct kjoin *k, struct side *s, int64_t mark)
{
	int64_t left = streamtime_watermark(s->st) >= mark ? 0 : streamtime_left(s->st, mark);

	return left < LOOP_FOREVER - k->now ? k->now + left : LOOP_FOREVER;
}

/* The same for both: the later of those that have a say, unless one of them is idle before that; else the sooner. */
static int64_t next_reached(struct kjoin *k, int64_t mark)
{
	int64_t idle = LOOP_FOREVER, first = LOOP_FOREVER, last = 0;
	bool live = false;

	for (int i = JOIN_LEFT; i <= JOIN_RIGHT; i++) {
		struct side *s = &k->sides[i];
		int64_t at, until = on_clock(k, s->seen + streamtime_idle(&k->time));

		if (has_ended(k, s))
			continue;
		at = side_reached(k, s, mark);
		first = at < first ? at : first;
		if (is_idle(k, (enum join_side)i))
			continue;
		live = true;
		last = at > last ? at : last;
		idle = until < idle ? until : idle;
	}
	if (!live)
		return first;
	return last < idle ? last : idle;
}

/* When something may be given up without a record. */
static int64_t next_due(struct kjoin *k)
{
	int64_t mark = join_due(k->join);

	if (mark == INT64_MAX)
		return LOOP_FOREVER;
	return k->timed ? next_reached(k, mark + 1) : mark + 1;
}

/* --- Records --- */

static int choose_side(struct kjoin *k, struct slice rec, unsigned input, enum join_side *side)
{
	struct val v;

	*side = input ? JOIN_RIGHT : JOIN_LEFT;
	if (!k->choice)
		return 0;
	if (expreval_json(k->choice, rec, &v, &k->err) < 0)
		return -1;
	*side = val_truthy(&v) ? JOIN_LEFT : JOIN_RIGHT;
	return 0;
}

/* What libjq replaces in a key would make it equal to others. */
static bool is_key_whole(const struct kjoin *k, const struct side *s, struct slice rec)
{
	for (size_t i = 0; i < k->keys.n; i++) {
		const struct val *v = &s->values[KEYS + i];

		if ((v->type == VAL_STR || v->type == VAL_JSON) &&
		    utf8_replaced(v->str.ptr, v->str.len, rec.ptr, rec.len))
			return false;
	}
	return true;
}

static int eval(struct kjoin *k, enum join_side side, struct slice rec, int64_t *t)
{
	struct side *s = &k->sides[side];
	struct span span;

	*t = k->ttl == KJOIN_NEVER ? 0 : k->now;
	if (expreval_json(s->ev, rec, s->values, &k->err) < 0)
		return -1;
	if (!is_key_whole(k, s, rec)) {
		buf_setf(&k->err, "the key is not UTF-8");
		return -1;
	}
	if (!k->timed)
		return 0;
	if (streamtime_of(s->st, &s->values[TIME], t, &k->err) < 0)
		return -1;
	if (!k->window.size || window_first(&k->window, *t, &span))
		return 0;
	buf_setf(&k->err, "time out of range (a window would leave the years 0000 to 9999)");
	return -1;
}

static void make_key(struct kjoin *k, const struct side *s, const struct span *span)
{
	buf_clear(&k->jkey);
	if (span)
		buf_add(&k->jkey, span, sizeof *span);
	for (size_t i = 0; i < k->keys.n; i++)
		val_put_key(&k->jkey, &s->values[KEYS + i]);
}

/* NaN, which libjq takes, is no more equal to another than null is. */
static bool has_null(const struct kjoin *k, const struct side *s)
{
	for (size_t i = 0; i < k->keys.n; i++) {
		const struct val *v = &s->values[KEYS + i];

		if (v->type == VAL_NULL || (val_is_number(v) && isnan(val_double(v))))
			return true;
	}
	return false;
}

/* Of a table, the current record of a key is no more, also when -w does not hold for it any more. */
static bool deletes(const struct kjoin *k, enum join_side side)
{
	const struct val *values = k->sides[side].values;

	return k->is_table && side == JOIN_RIGHT &&
	       (val_truthy(&values[DELETES]) || !val_truthy(&values[WHERE]));
}

/* Under a key. False: it is late. */
static bool add_keyed(struct kjoin *k, enum join_side side, int64_t t, struct slice rec)
{
	if (!k->null_equal && has_null(k, &k->sides[side]))
		return join_alone(k->join, side, buf_slice(&k->jkey), t, rec);
	if (deletes(k, side))
		rec = slice_of(NULL, 0);
	return join_add(k->join, side, buf_slice(&k->jkey), t, rec);
}

/* In each of its windows, whose last moment is its time there: two of a window meet, whatever their own times. */
static bool add_to_windows(struct kjoin *k, enum join_side side, int64_t t, struct slice rec)
{
	struct span span;
	bool added = false;

	for (bool more = window_first(&k->window, t, &span); more;
	     more = window_next(&k->window, t, &span)) {
		if (k->watermark >= span.end)
			continue;
		make_key(k, &k->sides[side], &span);
		added |= add_keyed(k, side, span.end - 1, rec);
	}
	return added;
}

/* The record as it stands in a row. False: it is late. */
static bool add(struct kjoin *k, enum join_side side, int64_t t, struct slice rec)
{
	buf_clear(&k->text);
	expreval_put_record(k->sides[side].ev, rec, &k->text);
	rec = buf_slice(&k->text);
	if (k->window.size)
		return add_to_windows(k, side, t, rec);
	make_key(k, &k->sides[side], NULL);
	return add_keyed(k, side, t, rec);
}

/* Under the old watermark; then it moves, whether or not -w holds; then what is over is given up. */
static void take(struct kjoin *k, enum join_side side, int64_t t, struct slice rec,
		 struct result *res)
{
	struct side *s = &k->sides[side];

	if ((val_truthy(&s->values[WHERE]) || deletes(k, side)) && !add(k, side, t, rec)) {
		res->late++;
		buf_add(&res->late_records, rec.ptr, rec.len + 1);
	}
	s->seen = k->waited;
	/* Newer than this run: what was there before has come. */
	if (!k->ready && k->endless && side == JOIN_RIGHT && k->time.envelope &&
	    val_is_number(&s->values[TIME]))
		k->ready = val_double(&s->values[TIME]) >= k->began;
	if (k->timed) {
		streamtime_observe(s->st, &s->values[TIME], t);
		advance(k);
	}
}

/* Has the left side ended, and nothing that is left of it waits for the right one, which may go on for ever? */
static bool is_done(const struct kjoin *k)
{
	return k->endless && k->sides[JOIN_LEFT].ended && !join_waits(k->join);
}

static void apply(void *ctx, const struct block *blk, struct result *res)
{
	struct kjoin *k = ctx;
	struct slice rec;
	enum join_side side;
	int64_t t;

	k->out = &res->out;
	k->res = res;
	/* By the clock, for a busy input is not waited for. */
	if (!k->timed && k->ttl != KJOIN_NEVER) {
		k->now = loop_now();
		advance(k);
	}
	while (result_next(res, blk, &rec)) {
		if (choose_side(k, rec, blk->input, &side) < 0 || eval(k, side, rec, &t) < 0) {
			if (!result_bad_line(res, blk, rec, buf_str(&k->err)))
				break;
			continue;
		}
		res->native += expreval_native(k->sides[side].ev) &&
			       (!k->choice || expreval_native(k->choice));
		take(k, side, t, rec, res);
		if (is_done(k)) {
			result_end(res);
			break;
		}
	}
	k->res = NULL;
}

/* --- The run --- */

/*
 * A table comes first: until it is complete alone, then whatever there is of it. So does a stream to which nothing sets
 * bounds: of the other one, nothing need be held once this has ended. Else it is the one that is behind.
 */
static enum filter_turn turn(void *ctx)
{
	struct kjoin *k = ctx;

	if (k->conf.how == JOIN_LATEST && !k->ready)
		return FILTER_SECOND_ALONE;
	if (!k->timed)
		return FILTER_SECOND;
	return streamtime_watermark(k->sides[JOIN_LEFT].st) <=
			       streamtime_watermark(k->sides[JOIN_RIGHT].st)
		       ? FILTER_FIRST
		       : FILTER_SECOND;
}

static bool ended(void *ctx, unsigned input, struct buf *out)
{
	struct kjoin *k = ctx;

	k->out = out;
	k->sides[input].ended = true;
	k->ready |= input == JOIN_RIGHT;
	k->held = join_held(k->join);
	advance(k);
	if (kjoin_goes_on(k))
		return false;
	join_end(k->join, (enum join_side)input);
	/* Without its stream a table is not looked up any more. */
	return input == JOIN_LEFT && (k->conf.how == JOIN_LATEST || is_done(k));
}

static int64_t tick(void *ctx, int64_t now, int64_t waited, struct buf *out)
{
	struct kjoin *k = ctx;
	int64_t quiet, due;

	k->out = out;
	k->now = now;
	k->waited = waited;
	for (int i = JOIN_LEFT; k->timed && i <= JOIN_RIGHT; i++)
		streamtime_wait(k->sides[i].st, waited);
	advance(k);
	if (is_done(k))
		return FILTER_ENDS;
	due = next_due(k);
	if (!k->ready && k->endless) {
		quiet = k->sides[JOIN_RIGHT].seen + k->table_ready;
		k->ready = waited >= quiet;
		quiet = on_clock(k, quiet);
		due = !k->ready && quiet < due ? quiet : due;
	}
	return due;
}

static int finish(void *ctx, enum filter_end end, struct buf *out)
{
	struct kjoin *k = ctx;

	k->out = out;
	if (end != FILTER_INPUT || (!k->sides[JOIN_LEFT].ended && !k->sides[JOIN_RIGHT].ended))
		k->held = join_held(k->join);
	/* What has not met a partner still may, unless the end was reached. */
	if (end != FILTER_INPUT || kjoin_goes_on(k))
		return EXIT_OK;
	join_end(k->join, JOIN_RIGHT);
	join_end(k->join, JOIN_LEFT);
	return EXIT_OK;
}

static void stats(void *ctx, struct buf *out)
{
	const struct join_held *h = &((struct kjoin *)ctx)->held;

	buf_addf(out,
		 ",\"held_left\":%zu,\"held_right\":%zu,\"keys_left\":%zu,\"keys_right\":%zu,"
		 "\"most_held\":%zu,\"held_bytes\":%zu",
		 h->records[0], h->records[1], h->keys[0], h->keys[1], h->most, h->bytes);
}

/* --- Setting up --- */

static const char *tombstone(const struct kjoin *k)
{
	if (k->delete_if)
		return k->delete_if;
	if (k->time.envelope)
		return ".value == null and .value_text == null and .value_base64 == null";
	return ".\"$delete\"? == true";
}

static struct exprset *compile(struct kjoin *k, const struct expr_source *programs, size_t n)
{
	struct expr_conf conf = {.engine = EXPR_AUTO};
	struct exprset *set = exprset_new(programs, n, &conf, &k->err);

	if (!set)
		diag_die(EXIT_USAGE, "%s", buf_str(&k->err));
	return set;
}

/* Where time says nothing, that of a table's envelope still tells whether it was there before. */
static const char *time_of(const struct kjoin *k, enum join_side side)
{
	if (k->timed)
		return side == JOIN_RIGHT ? k->right_time : k->time.time;
	return side == JOIN_RIGHT && !k->ready && k->time.envelope ? ".timestamp" : "null";
}

static bool is_regular(const char *file)
{
	struct stat st;

	return file && stat(file, &st) == 0 && S_ISREG(st.st_mode);
}

static void set_up_side(struct kjoin *k, enum join_side side)
{
	struct side *s = &k->sides[side];
	struct streamtime_conf time = k->time;
	bool right = side == JOIN_RIGHT, parted = k->timed && k->time.envelope;
	const struct strlist *keys = !right              ? &k->keys
				     : k->table_keys.n ? &k->table_keys
				     : k->right_keys.n ? &k->right_keys
						       : &k->keys;
	struct expr_source *programs = mem_zalloc(KEYS + keys->n, sizeof *programs);

	programs[TIME].text = time_of(k, side);
	programs[TOPIC].text = parted ? ".topic" : "null";
	programs[PARTITION].text = parted ? ".partition" : "null";
	programs[WHERE] = (struct expr_source){k->where ? k->where : "true", .kind = EXPR_TEST};
	programs[DELETES] = (struct expr_source){right && k->is_table ? tombstone(k) : "false",
						 .kind = EXPR_TEST};
	for (size_t i = 0; i < keys->n; i++)
		programs[KEYS + i] = (struct expr_source){keys->v[i], .kind = EXPR_KEY};
	s->set = compile(k, programs, KEYS + keys->n);
	s->ev = expreval_new(s->set);
	s->values = mem_zalloc(KEYS + keys->n, sizeof *s->values);
	time.time = programs[TIME].text;
	free(programs);
	if (k->timed)
		s->st = streamtime_new(&time);
}

static void set_up(struct kjoin *k, struct filter_tool *f)
{
	const struct expr_source choice = {.text = k->left_if, .kind = EXPR_TEST};

	set_up_side(k, JOIN_LEFT);
	set_up_side(k, JOIN_RIGHT);
	if (k->left_if) {
		k->choice_set = compile(k, &choice, 1);
		k->choice = expreval_new(k->choice_set);
	}
	if (getentropy(&k->conf.seed, sizeof k->conf.seed) < 0)
		k->conf.seed = 1;
	k->endless = !k->left_if && !is_regular(k->table ? k->table : k->with);
	k->began = (double)loop_wall() / WHEN_MS;
	k->conf.emit = emit;
	k->conf.ctx = k;
	k->join = join_new(&k->conf);
	k->watermark = WATERMARK_NONE;
	f->apply = apply;
	f->tick = tick;
	f->finish = finish;
	f->stats = stats;
	f->prompt = true;
	f->beside = k->table ? k->table : k->with;
	f->turn = turn;
	f->ended = ended;
}

static void clean_up(struct kjoin *k)
{
	for (int i = JOIN_LEFT; i <= JOIN_RIGHT; i++) {
		expreval_free(k->sides[i].ev);
		exprset_free(k->sides[i].set);
		streamtime_free(k->sides[i].st);
		free(k->sides[i].values);
	}
	expreval_free(k->choice);
	exprset_free(k->choice_set);
	join_free(k->join);
	state_free(k->state);
	strlist_free(&k->keys);
	strlist_free(&k->right_keys);
	strlist_free(&k->table_keys);
	buf_free(&k->jkey);
	buf_free(&k->text);
	buf_free(&k->err);
}

int main(int argc, char **argv)
{
	struct kjoin k = {.within = KJOIN_NEVER,
			  .ttl = KJOIN_NEVER,
			  .table_ready = KJOIN_NEVER,
			  .time = STREAMTIME_CONF_INIT,
			  .filter = FILTER_CONF_INIT};
	struct filter_tool f = FILTER_TOOL_INIT;
	struct operands operands;
	int rc;

	diag_init(argv[0]);
	loop_init();
	kjoin_parse(&k, argc, argv, &operands);
	set_up(&k, &f);
	kjoin_load(&k);
	rc = filter_run(&f, &k, &k.filter, operands);
	if (rc == EXIT_OK && k.state)
		rc = kjoin_save(&k);
	clean_up(&k);
	return rc;
}
