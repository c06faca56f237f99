/* The functions of the subset. What is an error there is left to libjq, which words it. */
#include <math.h>
#include <time.h>

#include "expr_priv.h"
#include "json.h"
#include "when.h"

/* Of what lies outside the years 0 .. 9999, C libraries and versions of libjq think differently. */
static const double SECONDS_MIN = -62167219200.0, SECONDS_END = 253402300800.0;

static size_t count_characters(struct slice s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++)
		n += ((unsigned char)s.ptr[i] & 0xc0) != 0x80;
	return n;
}

/* The absolute value: what was written, without a minus, where negation keeps that. */
static enum outcome number_length(const struct plan_run *run, const struct pval *v,
				  struct pval *out)
{
	double d;

	if (v->type == PV_LITERAL && (run->rules.negates || v->number.plain)) {
		*out = *v->text.ptr == '-'
			       ? pval_literal(slice_of(v->text.ptr + 1, v->text.len - 1))
			       : *v;
		return SURE;
	}
	if (!pval_number(v, run->rules, &d))
		return UNSURE;
	*out = pval_double(fabs(d));
	return SURE;
}

static enum outcome run_length(struct plan_run *run, const struct pval *v, struct slice none,
			       struct pval *out)
{
	size_t n = 0;

	(void)none;
	if (pval_is_number(v))
		return number_length(run, v, out);
	if (v->type == PV_STRING)
		n = count_characters(v->text);
	else if (v->type == PV_JSON ? !jqtext_length(v->text, &n) : v->type != PV_NULL)
		return UNSURE;
	*out = pval_double((double)n);
	return SURE;
}

static enum outcome run_not(struct plan_run *run, const struct pval *v, struct slice none,
			    struct pval *out)
{
	(void)run;
	(void)none;
	*out = pval_bool(!pval_truthy(v));
	return SURE;
}

static enum outcome run_tonumber(struct plan_run *run, const struct pval *v, struct slice none,
				 struct pval *out)
{
	(void)run;
	(void)none;
	*out = *v;
	if (v->type == PV_STRING) {
		if (!num_is_json(v->text.ptr, v->text.len))
			return UNSURE;
		*out = pval_literal(v->text);
	}
	return pval_is_number(out) ? SURE : UNSURE;
}

/* Also where the value itself keeps more digits. */
static enum outcome put_as_jq(struct plan_run *run, const struct pval *v, struct buf *out)
{
	struct pval printed = *v;
	bool exact = run->rules.exact;
	enum outcome r;

	if (exact && !run->rules.keeps)
		printed.built = false;
	run->rules.exact = false;
	r = plan_put(run, &printed, false, out);
	run->rules.exact = exact;
	return r;
}

static enum outcome run_tostring(struct plan_run *run, const struct pval *v, struct slice none,
				 struct pval *out)
{
	struct record *rec = run->rec;
	size_t start = rec->build.len;
	enum outcome r;

	(void)none;
	*out = *v;
	if (v->type == PV_STRING)
		return SURE;
	r = put_as_jq(run, v, &rec->build);
	if (r == SURE)
		*out = pval_string(
			arena_copy(&rec->arena, rec->build.data + start, rec->build.len - start));
	buf_cut(&rec->build, start);
	return r;
}

static enum outcome map_letters(struct plan_run *run, const struct pval *v, char first, char last,
				struct pval *out)
{
	struct slice s = v->text;
	char *p;

	if (v->type != PV_STRING)
		return UNSURE;
	p = arena_alloc(&run->rec->arena, s.len);
	for (size_t i = 0; i < s.len; i++)
		p[i] = s.ptr[i] >= first && s.ptr[i] <= last ? (char)(s.ptr[i] ^ 0x20) : s.ptr[i];
	*out = pval_string(slice_of(p, s.len));
	return SURE;
}

static enum outcome run_downcase(struct plan_run *run, const struct pval *v, struct slice none,
				 struct pval *out)
{
	(void)none;
	return map_letters(run, v, 'A', 'Z', out);
}

static enum outcome run_upcase(struct plan_run *run, const struct pval *v, struct slice none,
			       struct pval *out)
{
	(void)none;
	return map_letters(run, v, 'a', 'z', out);
}

static enum outcome run_startswith(struct plan_run *run, const struct pval *v, struct slice part,
				   struct pval *out)
{
	(void)run;
	if (v->type != PV_STRING)
		return UNSURE;
	*out = pval_bool(v->text.len >= part.len && memcmp(v->text.ptr, part.ptr, part.len) == 0);
	return SURE;
}

static enum outcome run_endswith(struct plan_run *run, const struct pval *v, struct slice part,
				 struct pval *out)
{
	(void)run;
	if (v->type != PV_STRING)
		return UNSURE;
	*out = pval_bool(v->text.len >= part.len &&
			 memcmp(v->text.ptr + v->text.len - part.len, part.ptr, part.len) == 0);
	return SURE;
}

/* libjq 1.6 ends a string at a NUL byte. */
static bool has_nul(struct slice s)
{
	return s.len && memchr(s.ptr, '\0', s.len);
}

static bool takes_contains(struct slice part)
{
	return !has_nul(part);
}

static enum outcome run_contains(struct plan_run *run, const struct pval *v, struct slice part,
				 struct pval *out)
{
	(void)run;
	if (v->type != PV_STRING || has_nul(v->text))
		return UNSURE;
	*out = pval_bool(!part.len || memmem(v->text.ptr, v->text.len, part.ptr, part.len));
	return SURE;
}

/* --- Time --- */

/* The format is the program's: takes_strftime looked at it. */
#pragma GCC diagnostic ignored "-Wformat-nonliteral"

static enum outcome put_time(struct plan_run *run, const struct pval *v, const char *format,
			     struct pval *out)
{
	char text[512];
	double seconds;
	struct tm tm;
	time_t t;
	size_t n;

	if (!pval_is_number(v) || !pval_number(v, run->rules, &seconds) ||
	    !(seconds >= SECONDS_MIN && seconds < SECONDS_END) ||
	    (seconds < 0 && seconds != floor(seconds)))
		return UNSURE;
	t = (time_t)seconds;
	if (!gmtime_r(&t, &tm))
		return UNSURE;
	n = strftime(text, sizeof text, format, &tm);
	if (n == 0)
		return UNSURE;
	*out = pval_string(arena_copy(&run->rec->arena, text, n));
	return SURE;
}

static enum outcome run_todate(struct plan_run *run, const struct pval *v, struct slice none,
			       struct pval *out)
{
	(void)none;
	return put_time(run, v, "%Y-%m-%dT%H:%M:%SZ", out);
}

/* Conversions that depend on the moment alone, not on a zone. */
static bool takes_strftime(struct slice format)
{
	static const char conversions[] = "aAbBCdDeFgGhHIjmMnprRStTuUVwWyY%";

	if (has_nul(format))
		return false;
	for (size_t i = 0; i < format.len; i++) {
		if (format.ptr[i] != '%')
			continue;
		i++;
		if (i == format.len || !strchr(conversions, format.ptr[i]))
			return false;
	}
	return true;
}

static enum outcome run_strftime(struct plan_run *run, const struct pval *v, struct slice format,
				 struct pval *out)
{
	return put_time(run, v, format.ptr, out);
}

/* YYYY-MM-DDTHH:MM:SSZ, each a day that is there, and no leap second. */
static enum outcome run_fromdate(struct plan_run *run, const struct pval *v, struct slice none,
				 struct pval *out)
{
	static const char shape[] = "0000-00-00T00:00:00Z";
	int64_t us;

	(void)run;
	(void)none;
	if (v->type != PV_STRING || v->text.len != sizeof shape - 1)
		return UNSURE;
	for (size_t i = 0; i < v->text.len; i++) {
		char c = v->text.ptr[i];

		if (shape[i] == '0' ? c < '0' || c > '9' : c != shape[i])
			return UNSURE;
	}
	if (memcmp(v->text.ptr + 17, "60", 2) == 0 || !when_parse(v->text.ptr, v->text.len, &us) ||
	    us < 0)
		return UNSURE;
	*out = pval_double((double)(us / WHEN_S));
	return SURE;
}

static const struct call calls[] = {
	{"length", false, NULL, run_length},
	{"not", false, NULL, run_not},
	{"tonumber", false, NULL, run_tonumber},
	{"tostring", false, NULL, run_tostring},
	{"ascii_downcase", false, NULL, run_downcase},
	{"ascii_upcase", false, NULL, run_upcase},
	{"startswith", true, NULL, run_startswith},
	{"endswith", true, NULL, run_endswith},
	{"contains", true, takes_contains, run_contains},
	{"todate", false, NULL, run_todate},
	{"fromdate", false, NULL, run_fromdate},
	{"strftime", true, takes_strftime, run_strftime},
};

const struct call *call_find(struct slice name)
{
	for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
		if (slice_is(name, calls[i].name))
			return &calls[i];
	}
	return NULL;
}
