#include "join.h"

#include <stdlib.h>

#include "join_shelf.h"
#include "mem.h"

struct kind {
	bool pairs;    /* each pair is a row */
	bool once;     /* a left record that met something is a row */
	bool alone[2]; /* a record that met nothing is a row */
};

static const struct kind kinds[] = {
	[JOIN_INNER] = {.pairs = true},
	[JOIN_KEEP_LEFT] = {.pairs = true, .alone = {true, false}},
	[JOIN_KEEP_RIGHT] = {.pairs = true, .alone = {false, true}},
	[JOIN_KEEP_BOTH] = {.pairs = true, .alone = {true, true}},
	[JOIN_SEMI] = {.once = true},
	[JOIN_ANTI] = {.alone = {true, false}},
};

struct join {
	struct join_conf conf;
	const struct kind *kind;
	struct shelf shelves[2];
	bool ended[2];
	int64_t wm;
	size_t most;
};

static const struct slice none = {NULL, 0};

struct join *join_new(const struct join_conf *conf)
{
	struct join *j = mem_zalloc(1, sizeof *j);

	j->conf = *conf;
	j->kind = &kinds[conf->kind];
	j->wm = INT64_MIN;
	shelf_init(&j->shelves[JOIN_LEFT], true, conf->seed);
	shelf_init(&j->shelves[JOIN_RIGHT], conf->how != JOIN_LATEST, conf->seed);
	return j;
}

void join_free(struct join *j)
{
	if (!j)
		return;
	shelf_free(&j->shelves[JOIN_LEFT]);
	shelf_free(&j->shelves[JOIN_RIGHT]);
	free(j);
}

/* --- Times --- */

static int64_t later(int64_t t, int64_t by)
{
	int64_t sum;

	if (__builtin_add_overflow(t, by, &sum))
		return by < 0 ? INT64_MIN : INT64_MAX;
	return sum;
}

/* How far behind (ahead of) its own time are those that a record of this side meets? */
static int64_t behind(const struct join *j, enum join_side side)
{
	return side == JOIN_LEFT ? j->conf.before : j->conf.after;
}

static int64_t ahead(const struct join *j, enum join_side side)
{
	return behind(j, (enum join_side) !side);
}

/* The watermark up to which a record of this side and time is held. */
static int64_t held_until(const struct join *j, enum join_side side, int64_t t)
{
	switch (j->conf.how) {
	case JOIN_WITHIN:
		return later(t, ahead(j, side));
	case JOIN_ANY:
		return j->conf.hold == JOIN_FOREVER ? INT64_MAX : later(t, j->conf.hold);
	default:
		return t;
	}
}

/* Can nothing come any more that such a record would meet? */
static bool is_over(const struct join *j, enum join_side side, int64_t t)
{
	return j->ended[!side] || j->wm > held_until(j, side, t);
}

/* Is nothing held either that it would meet? Those are held for as long as they reach behind this one's latest partner. */
static bool is_late(const struct join *j, enum join_side side, int64_t t)
{
	int64_t held = behind(j, side);

	switch (j->conf.how) {
	case JOIN_WITHIN:
		return j->wm > later(later(t, ahead(j, side)), held > 0 ? held : 0);
	case JOIN_AS_OF:
		return j->wm > t;
	default:
		return false;
	}
}

/* --- Rows --- */

static void emit(const struct join *j, enum join_side side, struct slice key, struct slice record,
		 struct slice other)
{
	if (side == JOIN_LEFT)
		j->conf.emit(j->conf.ctx, key, record, other);
	else
		j->conf.emit(j->conf.ctx, key, other, record);
}

static void put_alone(struct join *j, enum join_side side, struct slice key, struct slice record)
{
	if (j->kind->alone[side])
		emit(j, side, key, record, none);
}

bool join_alone(struct join *j, enum join_side side, struct slice key, int64_t t,
		struct slice record)
{
	if (is_late(j, side, t))
		return false;
	put_alone(j, side, key, record);
	return true;
}

static struct shelf_record *hold(struct join *j, enum join_side side, struct slice key, int64_t t,
				 struct slice record, bool met)
{
	struct shelf_record *r = shelf_add(&j->shelves[side], key, t, record);
	size_t n = j->shelves[JOIN_LEFT].records + j->shelves[JOIN_RIGHT].records;

	r->met = met;
	if (n > j->most)
		j->most = n;
	return r;
}

/* --- Two streams --- */

/* Those of the other side that a record meets. */
struct partners {
	struct shelf_key *key;
	struct shelf_at first, end; /* of its records */
};

static struct partners partners_of(struct join *j, enum join_side side, struct slice key, int64_t t)
{
	bool timed = j->conf.how == JOIN_WITHIN;
	struct partners p = {.key = shelf_key(&j->shelves[!side], key)};
	int64_t last = timed ? later(t, ahead(j, side)) : INT64_MAX;

	if (!p.key)
		return p;
	p.first = timed ? shelf_from(p.key, later(t, -behind(j, side))) : shelf_first(p.key);
	p.end = last == INT64_MAX ? shelf_end(p.key) : shelf_from(p.key, later(last, 1));
	return p;
}

/* The record meets those of the other side. Did it meet any? */
static bool meet(struct join *j, enum join_side side, struct slice key, int64_t t,
		 struct slice record)
{
	struct partners p = partners_of(j, side, key, t);

	if (!p.key || shelf_same(p.first, p.end))
		return false;
	for (struct shelf_at at = p.first; !shelf_same(at, p.end); at = shelf_next(p.key, at)) {
		struct shelf_record *r = shelf_record(p.key, at);
		if (j->kind->pairs)
			emit(j, side, key, record, shelf_bytes(r));
		else if (j->kind->once && side == JOIN_RIGHT)
			emit(j, JOIN_LEFT, key, shelf_bytes(r), none);
		r->met = true;
		/* For a left record that is no row of a pair the first one settles it. */
		if (!j->kind->pairs && side == JOIN_LEFT)
			break;
	}
	if (j->kind->once && side == JOIN_LEFT)
		emit(j, side, key, record, none);
	if (!j->kind->pairs && side == JOIN_RIGHT)
		shelf_drop(&j->shelves[JOIN_LEFT], p.key, p.first, p.end);
	return true;
}

static void add_to_stream(struct join *j, enum join_side side, struct slice key, int64_t t,
			  struct slice record)
{
	bool met = meet(j, side, key, t, record);
	/* What is settled by a first meeting is not needed for more. */
	bool settled = met && side == JOIN_LEFT && !j->kind->pairs;

	if (!is_over(j, side, t)) {
		if (!settled)
			hold(j, side, key, t, record, met);
	} else if (!met) {
		put_alone(j, side, key, record);
	}
}

/* --- A stream and a table --- */

static void answer(struct join *j, struct slice key, struct slice left, int64_t t)
{
	struct shelf_key *k = shelf_key(&j->shelves[JOIN_RIGHT], key);
	const struct shelf_record *r = NULL;

	if (k) {
		bool timed = j->conf.how == JOIN_AS_OF && t < INT64_MAX;
		r = shelf_before(k, timed ? shelf_from(k, t + 1) : shelf_end(k));
	}
	if (!r || r->deletes)
		put_alone(j, JOIN_LEFT, key, left);
	else if (j->kind->pairs)
		emit(j, JOIN_LEFT, key, left, shelf_bytes(r));
	else if (j->kind->once)
		emit(j, JOIN_LEFT, key, left, none);
}

static void drop_latest(struct join *j, struct slice key)
{
	struct shelf_key *k = shelf_key(&j->shelves[JOIN_RIGHT], key);

	if (k)
		shelf_drop_first(&j->shelves[JOIN_RIGHT], k);
}

/* Of the versions that the watermark has reached the last one is enough, and none where that one deletes. */
static void drop_versions(struct join *j)
{
	struct shelf *h = &j->shelves[JOIN_RIGHT];
	struct shelf_record *r;

	while ((r = shelf_oldest(h)) && r->t <= j->wm) {
		shelf_settle_oldest(h);
		if (r->deletes)
			shelf_drop_first(h, r->key);
	}
}

static void add_to_table(struct join *j, struct slice key, int64_t t, struct slice record)
{
	if (j->conf.how == JOIN_LATEST) {
		drop_latest(j, key);
		if (record.ptr)
			hold(j, JOIN_RIGHT, key, t, record, false);
		return;
	}
	hold(j, JOIN_RIGHT, key, t, record, false)->deletes = !record.ptr;
	drop_versions(j);
}

/* --- All --- */

bool join_add(struct join *j, enum join_side side, struct slice key, int64_t t, struct slice record)
{
	bool table = j->conf.how == JOIN_LATEST || j->conf.how == JOIN_AS_OF;

	if (is_late(j, side, t))
		return false;
	if (!table)
		add_to_stream(j, side, key, t, record);
	else if (side == JOIN_RIGHT)
		add_to_table(j, key, t, record);
	else if (j->conf.how == JOIN_AS_OF && !is_over(j, side, t))
		hold(j, side, key, t, record, false);
	else
		answer(j, key, record, t);
	return true;
}

static void give_up(struct join *j, enum join_side side)
{
	struct shelf *h = &j->shelves[side];
	struct shelf_record *r;

	if (j->conf.how == JOIN_AS_OF && side == JOIN_RIGHT) {
		drop_versions(j);
		return;
	}
	while ((r = shelf_oldest(h)) && is_over(j, side, r->t)) {
		struct slice key = shelf_key_bytes(h, r->key);
		if (j->conf.how == JOIN_AS_OF)
			answer(j, key, shelf_bytes(r), r->t);
		else if (!r->met)
			put_alone(j, side, key, shelf_bytes(r));
		shelf_drop_oldest(h);
	}
}

void join_advance(struct join *j, int64_t wm)
{
	if (wm <= j->wm)
		return;
	j->wm = wm;
	give_up(j, JOIN_LEFT);
	give_up(j, JOIN_RIGHT);
}

int64_t join_due(const struct join *j)
{
	int64_t due = INT64_MAX;

	for (int side = JOIN_LEFT; side <= JOIN_RIGHT; side++) {
		const struct shelf_record *r = shelf_oldest(&j->shelves[side]);
		int64_t until = r ? held_until(j, (enum join_side)side, r->t) : INT64_MAX;
		if (until < due)
			due = until;
	}
	return due;
}

void join_end(struct join *j, enum join_side side)
{
	j->ended[side] = true;
	give_up(j, (enum join_side) !side);
}

bool join_waits(const struct join *j)
{
	return j->kind->alone[JOIN_RIGHT] || !j->ended[JOIN_LEFT] ||
	       j->shelves[JOIN_LEFT].records;
}

void join_save(const struct join *j, struct buf *out)
{
	pack_int(out, j->wm);
	shelf_save(&j->shelves[JOIN_LEFT], out);
	shelf_save(&j->shelves[JOIN_RIGHT], out);
}

bool join_load(struct join *j, struct unpack *in)
{
	j->wm = unpack_int(in);
	if (!shelf_load(&j->shelves[JOIN_LEFT], in) || !shelf_load(&j->shelves[JOIN_RIGHT], in))
		return false;
	j->most = j->shelves[JOIN_LEFT].records + j->shelves[JOIN_RIGHT].records;
	return true;
}

struct join_held join_held(const struct join *j)
{
	struct join_held all = {.most = j->most};

	for (int side = JOIN_LEFT; side <= JOIN_RIGHT; side++) {
		all.records[side] = j->shelves[side].records;
		all.keys[side] = shelf_keys(&j->shelves[side]);
		all.bytes += shelf_memory(&j->shelves[side]);
	}
	return all;
}
