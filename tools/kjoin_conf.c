/* The command line of kjoin. */
#include "kjoin_priv.h"

#include "diag.h"
#include "when.h"

enum { WINDOWS_MAX = 100000 }; /* of one record, which is held once in each */

#define TABLE_READY (5 * WHEN_S)

#define OFF(field) offsetof(struct kjoin, field)

static const struct opt input_opts[] = {
	{'g', "group-by", OPT_LIST, OFF(keys), "EXPR",
	 "the key, on both sides; repeated, all of them together", NULL},
	{0, "right-key", OPT_LIST, OFF(right_keys), "EXPR", "the key of the right side", NULL},
	{0, "table", OPT_FILE, OFF(table), "FILE",
	 "join with FILE, which holds the current record of each key", NULL},
	{0, "table-key", OPT_LIST, OFF(table_keys), "EXPR",
	 "the table's key; with --left-if: the right side is a table", NULL},
	{0, "table-ready", OPT_DURATION, OFF(table_ready), "D",
	 "a table that was silent for D is complete (default 5s)", NULL},
	{0, "delete-if", OPT_STRING, OFF(delete_if), "EXPR",
	 "a table's record that deletes its key (default: a tombstone)", NULL},
	{0, "with", OPT_FILE, OFF(with), "FILE", "join with the stream of FILE", NULL},
	{0, "left-if", OPT_STRING, OFF(left_if), "EXPR",
	 "both sides are in the input: which are the left records", NULL},
	{'w', "where", OPT_STRING, OFF(where), "EXPR", "only records for which EXPR holds", NULL},
	{0},
};

static const struct opt match_opts[] = {
	{0, "within", OPT_DURATION, OFF(within), "D", "times are at most D apart", NULL},
	{0, "before", OPT_STRING, OFF(before), "D", "the right is at most D before the left", NULL},
	{0, "after", OPT_STRING, OFF(after), "D", "the right is at most D after the left", NULL},
	{0, "tumble", OPT_STRING, OFF(tumble), "SIZE", "both are in the same window of SIZE", NULL},
	{0, "hop", OPT_STRING, OFF(hop), "SIZE/STEP",
	 "both are in the same window of SIZE, a new one every STEP", NULL},
	{0, "as-of", OPT_FLAG, OFF(as_of), NULL, "the last right record up to the left's time",
	 NULL},
	{0, "ttl", OPT_DURATION, OFF(ttl), "D", "without bounds: forget records after D", NULL},
	{0, "null-equal", OPT_FLAG, OFF(null_equal), NULL, "null keys are equal, too", NULL},
	{0},
};

static const struct opt kind_opts[] = {
	{0, "inner", OPT_FLAG, OFF(kind[JOIN_INNER]), NULL, "pairs only (the default)", NULL},
	{0, "left", OPT_FLAG, OFF(kind[JOIN_KEEP_LEFT]), NULL, "and left records without one",
	 NULL},
	{0, "right", OPT_FLAG, OFF(kind[JOIN_KEEP_RIGHT]), NULL, "and right records without one",
	 NULL},
	{0, "outer", OPT_FLAG, OFF(kind[JOIN_KEEP_BOTH]), NULL, "and records of both without one",
	 NULL},
	{0, "semi", OPT_FLAG, OFF(kind[JOIN_SEMI]), NULL, "left records that have one, once", NULL},
	{0, "anti", OPT_FLAG, OFF(kind[JOIN_ANTI]), NULL, "left records that have none", NULL},
	{0},
};

static const struct opt time_opts[] = {
	{0, "right-time", OPT_STRING, OFF(right_time), "EXPR", "the time of the right side", NULL},
	{0},
};

static const struct opt final_opts[] = {
	{0, "final", OPT_FLAG, OFF(final), NULL,
	 "with --state: the last run, what is held finds no partner any more", NULL},
	{0},
};

static const struct opt late_opts[] = {
	{0, "late", OPT_FILE, offsetof(struct filter_conf, late), "FILE",
	 "append records that came too late to FILE", NULL},
	{0},
};

static const struct tool tool = {
	.usage = "-g EXPR --table FILE|--with FILE|--left-if EXPR [OPTIONS] [FILE...]",
	.summary = "Join records that have the same key: of two streams, or a stream and a table.",
	.max_operands = -1,
};

static void set_kind(struct kjoin *k)
{
	int n = 0;

	for (int i = JOIN_INNER; i <= JOIN_ANTI; i++) {
		if (!k->kind[i])
			continue;
		n++;
		k->conf.kind = (enum join_kind)i;
	}
	if (n > 1)
		diag_usage("give one of --inner, --left, --right, --outer, --semi, --anti");
	if (k->is_table && (k->conf.kind == JOIN_KEEP_RIGHT || k->conf.kind == JOIN_KEEP_BOTH))
		diag_usage("a table has no rows of its own: --right and --outer are for two "
			   "streams");
}

static void set_window(struct kjoin *k)
{
	bool hop = !k->tumble;
	const char *option = hop ? "--hop" : "--tumble";
	const char *text = hop ? k->hop : k->tumble;
	const char *slash = strchr(text, '/');

	if (!!slash != hop)
		diag_usage("%s: '%s' is not %s", option, text, hop ? "SIZE/STEP" : "SIZE");
	k->window.kind = hop ? WINDOW_HOP : WINDOW_TUMBLE;
	k->window.size = opt_duration(
		option, slice_of(text, slash ? (size_t)(slash - text) : strlen(text)));
	k->window.step = slash ? opt_duration(option, slice_str(slash + 1)) : k->window.size;
	if (k->window.step <= 0 || k->window.step > k->window.size)
		diag_usage("%s: %s", option,
			   slash ? "STEP must be more than 0 and at most SIZE"
				 : "SIZE must be more than 0");
	if (window_most(&k->window) > WINDOWS_MAX)
		diag_usage("--hop: a record would be in %lld windows (the most is %d)",
			   (long long)window_most(&k->window), WINDOWS_MAX);
	if (k->window.size % WHEN_MS || k->window.step % WHEN_MS)
		diag_usage("windows start and end at whole milliseconds, as rows show them");
}

static void set_bounds(struct kjoin *k)
{
	if (k->within != KJOIN_NEVER)
		k->conf.before = k->conf.after = k->within;
	if (k->before)
		k->conf.before = opt_duration("--before", slice_str(k->before));
	if (k->after)
		k->conf.after = opt_duration("--after", slice_str(k->after));
	if (k->conf.before + k->conf.after < 0)
		diag_usage("--before and --after: no time is in between");
}

static void set_how(struct kjoin *k)
{
	bool bounds = k->within != KJOIN_NEVER || k->before || k->after;
	bool window = k->tumble || k->hop;

	if (bounds)
		set_bounds(k);
	if (window)
		set_window(k);
	k->is_table = k->table || (k->left_if && k->table_keys.n) || k->as_of;
	if (bounds + !!k->tumble + !!k->hop + (k->is_table ? 1 : 0) + (k->ttl != KJOIN_NEVER) > 1)
		diag_usage("give one of --within (--before, --after), --tumble, --hop, --as-of, "
			   "--ttl, a table");
	k->conf.hold = k->ttl == KJOIN_NEVER ? JOIN_FOREVER : k->ttl;
	k->conf.how = k->as_of           ? JOIN_AS_OF
		      : k->is_table      ? JOIN_LATEST
		      : bounds || window ? JOIN_WITHIN
					 : JOIN_ANY;
	k->ready = !k->table || k->as_of;
	if (k->delete_if && !k->is_table)
		diag_usage("--delete-if is for a table");
	if (k->table_ready != KJOIN_NEVER && k->ready)
		diag_usage("--table-ready goes with --table");
	if (k->table_ready == KJOIN_NEVER)
		k->table_ready = TABLE_READY;
}

static void check_inputs(const struct kjoin *k, struct operands files)
{
	const char *file = k->table ? k->table : k->with;
	bool standard = !files.n;

	if (!k->keys.n)
		diag_usage("-g EXPR is missing: which field is the key?");
	if (!!k->table + !!k->with + !!k->left_if != 1)
		diag_usage("give one of --table FILE, --with FILE, --left-if EXPR");
	if (k->right_keys.n && k->table_keys.n)
		diag_usage("--right-key and --table-key are the same");
	if (k->table_keys.n && k->with)
		diag_usage("--table-key goes with --table or --left-if");
	if ((k->right_keys.n && k->right_keys.n != k->keys.n) ||
	    (k->table_keys.n && k->table_keys.n != k->keys.n))
		diag_usage("%s: as many as there are -g", k->right_keys.n ? "--right-key" : "--table-key");
	for (size_t i = 0; i < files.n; i++)
		standard |= strcmp(files.v[i], "-") == 0;
	if (file && strcmp(file, "-") == 0 && standard)
		diag_usage("both sides are standard input: name a FILE for the left one");
}

/* Where time says nothing, giving it is a mistake. */
static void set_time(struct kjoin *k)
{
	bool needed = k->conf.how == JOIN_WITHIN || k->conf.how == JOIN_AS_OF;
	bool useful = needed || k->ttl != KJOIN_NEVER;

	if (!useful && (k->time.time || k->right_time || k->filter.late))
		diag_usage("%s: time matters with --within, --tumble, --hop, --as-of, --ttl only",
			   k->time.time    ? "-T"
			   : k->right_time ? "--right-time"
					   : "--late");
	if (!useful)
		streamtime_unused(&k->time, "--within, --tumble, --hop, --as-of or --ttl");
	k->time.idle_inputs = true;
	streamtime_check(&k->time, needed);
	if (k->ttl == 0)
		diag_usage("--ttl must be more than 0");
	k->timed = useful && k->time.time;
	if (!k->right_time)
		k->right_time = k->time.time;
}

/* A table that is read anew by each run is no state; nor is how long ago something came. */
static void check_state(const struct kjoin *k)
{
	if (k->final && !k->keep.dir)
		diag_usage("--final goes with --state");
	if (k->keep.dir && k->table)
		diag_usage("--state is for two streams, or --left-if: --table is read anew by each run");
	if (k->keep.dir && k->ttl != KJOIN_NEVER && !k->timed)
		diag_usage("--state does not go with a --ttl that counts by the clock: give -T");
}

void kjoin_parse(struct kjoin *k, int argc, char **argv, struct operands *files)
{
	const struct optgroup groups[] = {
		{"Sides and keys", input_opts, k},
		{"What matches", match_opts, k},
		{"What is printed", kind_opts, k},
		{"Time", streamtime_opts, &k->time},
		{"Time of the right side", time_opts, k},
		{"State", toolstate_opts, &k->keep},
		{"State of two streams", final_opts, k},
		{"Late records", late_opts, &k->filter},
		{"Input and output", filter_opts, &k->filter},
		{0},
	};

	opt_parse(&tool, groups, argc, argv, files);
	check_inputs(k, *files);
	set_how(k);
	set_kind(k);
	set_time(k);
	check_state(k);
}
