/*
 * What tools save: windows and groups that were saved in the middle of a stream and loaded go on as those that never were; a
 * part of what was saved is refused. And the file around it: what is taken is written again as the same.
 */
#include "fuzz.h"

#include "rowout.h"
#include "state.h"
#include "watermark.h"
#include "when.h"
#include "winstore.h"

enum { STEPS_MAX = 200 };

static const char *const specs[] = {
	"count, sum(.v), avg(.v), var(.v), skewness(.v)",
	"min(.v), max(.v), first(.v), last(.v), first_by(.v; .t), max_by(.v; .t)",
	"median(.n), p90(.n), approx_p50(.n), top(2; .v)",
	"distinct(.v), approx_distinct(.v), mode(.v), collect(.v), collect_set(.v), any(.v)",
};

/* --- A store and what it stands on --- */

struct subject {
	struct groupby *gb;
	struct groupby_eval *ge;
	struct rowout *ro;
	struct winstore *ws;
	struct buf out;
};

static struct groupby *make_groupby(unsigned spec)
{
	static const char *const extra[] = {NULL};
	struct groupby_conf conf = {0};
	struct buf err = BUF_INIT;
	struct groupby *gb;

	conf.groups = (struct strlist){.v = mem_zalloc(1, sizeof(char *)), .n = 1};
	conf.aggs = (struct strlist){.v = mem_zalloc(1, sizeof(char *)), .n = 1};
	conf.groups.v[0] = ".k";
	conf.aggs.v[0] = specs[spec];
	gb = groupby_new(&conf, extra, NULL, 0, &err);
	must(gb, "%s: %s", specs[spec], buf_str(&err));
	groupby_conf_free(&conf);
	return gb;
}

static struct subject make_subject(const struct winstore_conf *conf, unsigned spec)
{
	const struct rowout_conf rows = {.top = ROWOUT_ALL, .windows = true, .end = '\n'};
	struct subject t = {.gb = make_groupby(spec)};

	t.ge = groupby_eval_new(t.gb);
	t.ro = rowout_new(&rows, t.gb);
	t.ws = winstore_new(conf, t.gb, t.ro);
	return t;
}

static void free_subject(struct subject *t)
{
	winstore_free(t->ws);
	rowout_free(t->ro);
	groupby_eval_free(t->ge);
	groupby_free(t->gb);
	buf_free(&t->out);
}

/* --- Streams --- */

struct step {
	uint8_t kind, key, value;
	int64_t t;
};

static void put_value(struct buf *out, uint8_t n)
{
	static const char *const values[] = {"null",         "true",   "\"\"",
					     "\"a\\u0000\"", "[1,{}]", "1e300",
					     "-0.5",         "1e-7",   "12345678901234567890"};
	const size_t count = sizeof values / sizeof values[0];

	if (n < count)
		buf_add_str(out, values[n]);
	else
		buf_addf(out, "%d", n - 128);
}

/* Some values are none for some -a: then the record is left out by both. */
static void do_step(struct subject *t, const struct step *s, uint64_t seq)
{
	struct buf line = BUF_INIT, err = BUF_INIT;

	/* Some numbers have more digits than a double. */
	buf_addf(&line, "{\"k\":%d,\"n\":%d%s,\"t\":%lld,\"v\":", s->key % 8, s->value % 50,
		 s->value % 5 ? "" : ".1234567890123456789", (long long)s->t);
	put_value(&line, s->value);
	buf_add_char(&line, '}');
	if (s->kind % 16 == 0)
		winstore_put_due(t->ws, &t->out);
	else if (groupby_eval_line(t->ge, GROUPBY_JSON, buf_slice(&line), &err) == 0)
		winstore_add(t->ws, t->ge, s->t * WHEN_S, seq, &t->out);
	else
		must(err.len, "no reason");
	winstore_close(t->ws, (s->t - s->kind % 4) * WHEN_S, &t->out);
	buf_free(&line);
	buf_free(&err);
}

static void end(struct subject *t)
{
	winstore_put_due(t->ws, &t->out);
	winstore_close(t->ws, WATERMARK_END, &t->out);
}

/* --- Checks --- */

/* Any beginning of what was saved lacks something. */
static void check_cut(const struct winstore_conf *conf, unsigned spec, struct slice saved,
		      size_t at)
{
	struct subject t = make_subject(conf, spec);
	struct unpack in = {slice_of(saved.ptr, at % saved.len), false};

	must(!winstore_load(t.ws, false, &in), "%zu bytes of %zu are taken", at % saved.len,
	     saved.len);
	free_subject(&t);
}

static void check_stream(const struct winstore_conf *conf, unsigned spec, const struct step *steps,
			 size_t n, size_t at)
{
	struct subject whole = make_subject(conf, spec), first = make_subject(conf, spec),
		       second = make_subject(conf, spec);
	struct buf saved = BUF_INIT;
	struct unpack in;

	for (size_t i = 0; i < n; i++)
		do_step(&whole, &steps[i], i);
	for (size_t i = 0; i < at; i++)
		do_step(&first, &steps[i], i);
	/* Tools print what is due before they save. */
	winstore_put_due(first.ws, &first.out);
	winstore_save(first.ws, &saved);
	check_cut(conf, spec, buf_slice(&saved), n * 7919);
	in = (struct unpack){buf_slice(&saved), false};
	must(winstore_load(second.ws, false, &in) && !in.left.len, "%zu bytes are left",
	     in.left.len);
	buf_free(&saved);
	for (size_t i = at; i < n; i++)
		do_step(&second, &steps[i], i);
	end(&whole);
	end(&second);
	buf_add(&first.out, second.out.data, second.out.len);
	must(slice_eq(buf_slice(&whole.out), buf_slice(&first.out)), "in one: %s, in two: %s",
	     buf_str(&whole.out), buf_str(&first.out));
	free_subject(&whole);
	free_subject(&first);
	free_subject(&second);
}

/* What windows, which -a, where to cut; then four bytes a step: what, how much later, the key, the value. */
static void check_windows(struct input *in)
{
	static const struct window windows[] = {
		{WINDOW_TUMBLE, 10 * WHEN_S, 0, 0},
		{WINDOW_HOP, 10 * WHEN_S, 3 * WHEN_S, WHEN_S},
		{WINDOW_CUMULATE, 9 * WHEN_S, 3 * WHEN_S, 0},
		{WINDOW_SESSION, 5 * WHEN_S, 0, 0},
		{WINDOW_SLIDE, 10 * WHEN_S, 0, 0},
		{WINDOW_SESSION, 5 * WHEN_S, 0, 0},
	};
	unsigned kind = input_below(in, 6), emit = input_below(in, 2);
	unsigned spec = input_below(in, sizeof specs / sizeof specs[0]), at = input_byte(in);
	const struct winstore_conf conf = {
		.window = windows[kind],
		.grace = (int64_t)(at % 3) * WHEN_S,
		.emit = kind == 5 || (emit && kind != 4) ? WINSTORE_CHANGES : WINSTORE_CLOSE,
		/* Else the rows of first come earlier than those of whole. */
		.at_once = true,
		.forget = kind == 5,
	};
	struct step steps[STEPS_MAX];
	int64_t t = 1000;
	size_t n = 0;

	while (n < STEPS_MAX && in->p < in->end) {
		struct step *s = &steps[n++];

		s->kind = input_byte(in);
		t += (int8_t)input_byte(in) / 8;
		s->t = t;
		s->key = input_byte(in);
		s->value = input_byte(in);
	}
	check_stream(&conf, spec, steps, n, at % (n + 1));
}

static void check_file(struct slice file)
{
	struct slice options, bytes;
	struct buf again = BUF_INIT;

	if (state_unpack(file, &options, &bytes)) {
		state_pack(options, bytes, &again);
		must(slice_eq(buf_slice(&again), file), "it is written otherwise");
	}
	buf_free(&again);
}

/* Where, and what it becomes: then it is damaged. A line of options, and the rest. */
static void check_damage(struct input *in)
{
	size_t at = (size_t)(input_byte(in) << 8 | input_byte(in));
	uint8_t with = input_byte(in);
	struct slice options = input_until(in, '\n'), got, bytes = input_rest(in), saved;
	struct buf file = BUF_INIT;

	state_pack(options, bytes, &file);
	must(state_unpack(buf_slice(&file), &got, &saved) && slice_eq(got, options) &&
		     slice_eq(saved, bytes),
	     "something else comes back");
	must(!state_unpack(slice_of(file.data, at % file.len), &got, &saved), "a part is taken");
	at %= file.len;
	if ((uint8_t)file.data[at] != with) {
		file.data[at] = (char)with;
		must(!state_unpack(buf_slice(&file), &got, &saved), "byte %zu is another", at);
	}
	buf_free(&file);
}

/* w and windows, f and a file, d and damage */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, data + size};

	switch (input_byte(&in)) {
	case 'w':
		check_windows(&in);
		break;
	case 'f':
		check_file(input_rest(&in));
		break;
	case 'd':
		check_damage(&in);
		break;
	}
	return 0;
}
