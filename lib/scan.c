#include "scan.h"

#include <stdlib.h>

#include "json.h"
#include "mem.h"
#include "num.h"
#include "scan_priv.h"
#include "utf8.h"
#include "word.h"

/* A set of slots. */
struct indexes {
	size_t *v;
	size_t n, cap;
};

/* A place in the trie: the steps from the root to it are a path, or the beginning of one. */
struct node {
	struct node *next; /* of all nodes, to free them */
	size_t depth;      /* steps from the root */
	struct child *names, *items;
	size_t nnames, names_cap, nitems, items_cap;
	struct indexes here;    /* slots whose path ends here */
	struct indexes by_name; /* slots whose path goes on from here, by a name */
	struct indexes by_item; /* the same, by a number */
};

struct child {
	struct scan_step step; /* its name is owned */
	uint64_t begins, mask; /* the name's first eight bytes, and which of them there are */
	struct node *node;
};

struct scan {
	struct node *root, *nodes;
	size_t nslots;
	int depth_max;
	tokens_fill_fn *fill;
};

const char scan_mismatch[1];

/* --- The trie --- */

static struct node *new_node(struct scan *sc, size_t depth)
{
	struct node *node = mem_zalloc(1, sizeof(*node));

	node->depth = depth;
	node->next = sc->nodes;
	sc->nodes = node;
	return node;
}

static void add_index(struct indexes *set, size_t i)
{
	set->v = mem_grow(set->v, &set->cap, set->n + 1, sizeof(*set->v));
	set->v[set->n++] = i;
}

static struct child new_child(struct scan *sc, const struct scan_step *step, size_t depth)
{
	struct child child = {.step = *step, .node = new_node(sc, depth)};
	char first[8] = {0};

	if (!step->name.ptr)
		return child;
	child.step.name.ptr = mem_dup(step->name.ptr, step->name.len);
	memcpy(first, step->name.ptr, step->name.len < 8 ? step->name.len : 8);
	child.begins = word_load(first);
	child.mask = word_first(step->name.len);
	return child;
}

static struct node *add_child(struct scan *sc, struct node *node, const struct scan_step *step)
{
	struct child **list = step->name.ptr ? &node->names : &node->items;
	size_t *n = step->name.ptr ? &node->nnames : &node->nitems;
	size_t *cap = step->name.ptr ? &node->names_cap : &node->items_cap;

	for (size_t i = 0; i < *n; i++) {
		if (scan_same_step(&(*list)[i].step, step))
			return (*list)[i].node;
	}
	*list = mem_grow(*list, cap, *n + 1, sizeof **list);
	(*list)[*n] = new_child(sc, step, node->depth + 1);
	return (*list)[(*n)++].node;
}

struct scan *scan_new(const struct scan_path *paths, size_t n, int depth_max)
{
	struct scan *sc = mem_zalloc(1, sizeof(*sc));

	sc->root = new_node(sc, 0);
	sc->nslots = n;
	sc->depth_max = depth_max;
	sc->fill = tokens_filler();
	for (size_t i = 0; i < n; i++) {
		struct node *node = sc->root;

		for (size_t k = 0; k < paths[i].n; k++) {
			const struct scan_step *step = &paths[i].steps[k];

			add_index(step->name.ptr ? &node->by_name : &node->by_item, i);
			node = add_child(sc, node, step);
		}
		add_index(&node->here, i);
	}
	return sc;
}

void scan_free(struct scan *sc)
{
	if (!sc)
		return;
	for (struct node *node = sc->nodes, *next; node; node = next) {
		next = node->next;
		for (size_t i = 0; i < node->nnames; i++)
			free((char *)node->names[i].step.name.ptr);
		free(node->names);
		free(node->items);
		free(node->here.v);
		free(node->by_name.v);
		free(node->by_item.v);
		free(node);
	}
	free(sc);
}

/* --- One run --- */

#define INLINE static inline __attribute__((always_inline))

struct level {
	const struct node *node; /* what asks for the value, NULL: nothing does */
	uint32_t start;
	uint32_t item; /* of an array: the number of the one at hand */
	char closer;
};

struct run {
	struct tokens t;
	tokens_fill_fn *fill;
	struct slice *slots;
	struct buf name; /* a member's name without its escapes */
	bool broken;     /* the first stage found the line not strict */
	int depth_max;   /* levels that may be open, */
	int shallow;     /* and so many of them whatever they are */
	struct level open[JSON_DEPTH_MAX];
};

/* Where the second stage is; apart from the run, so that it can live in registers. */
struct cursor {
	const char *line, *end;
	const uint32_t *at;   /* the token at hand */
	const uint32_t *last; /* this one, and those behind it, may not be known yet */
	int level;            /* that many are open */
};

/* Fills the window anew, from `at` on; where that token is then. */
static const uint32_t *refill(struct run *run, const uint32_t *at)
{
	struct tokens *t = &run->t;

	t->i = (size_t)(at - t->at);
	if (t->done < t->len && !run->fill(t)) {
		run->broken = true;
		t->i = t->n = 0;
		t->done = t->len;
	}
	return t->at + t->i;
}

/* A token can be used when the one behind it, or the end of the line, is known as well. */
static const uint32_t *last_usable(const struct tokens *t)
{
	return t->at + t->n - (t->done < t->len);
}

/* The first byte of the token at hand; NUL: there is none. */
INLINE char peek(struct run *run, struct cursor *c)
{
	if (__builtin_expect(c->at >= c->last, 0)) {
		c->at = refill(run, c->at);
		c->last = last_usable(&run->t);
		if (c->at >= c->last)
			return '\0';
	}
	return c->line[*c->at];
}

/* Behind the last byte of the token at hand, a string or a run: only blanks lie between it and the next. */
INLINE const char *token_end(const struct cursor *c)
{
	const char *p = c->line + c->at[1];

	while (p[-1] == ' ' || p[-1] == '\t' || p[-1] == '\n' || p[-1] == '\r')
		p--;
	return p;
}

/* --- Slots --- */

INLINE void set_slots(struct run *run, const struct indexes *set, const char *p, size_t len)
{
	for (size_t i = 0; i < set->n; i++)
		run->slots[set->v[i]] = slice_of(p, len);
}

/*
 * A value begins at node: what an earlier one of the same name had below it counts no more; nor has
 * one that is no object members, one that is no array items. null has neither, and jq does not mind.
 */
INLINE void enter(struct run *run, const struct node *node, char c)
{
	bool names = c == '{' || c == 'n', items = c == '[' || c == 'n';

	if (node->by_name.n)
		set_slots(run, &node->by_name, names ? NULL : scan_mismatch,
			  names ? 0 : node->depth);
	if (node->by_item.n)
		set_slots(run, &node->by_item, items ? NULL : scan_mismatch,
			  items ? 0 : node->depth);
}

/* --- The grammar (RFC 8259), and the slots along the way --- */

/* One number of at least a byte; whole numbers and plain decimals eight bytes at a time. */
INLINE bool is_number(const char *p, const char *end, const char *limit)
{
	const char *digits = p + (*p == '-'), *q = digits;
	uint64_t odd;
	int at;

	while (end - q > 8 && !word_not_digits(word_load(q)))
		q += 8;
	if (q == end || end - q > 8 || limit - q < 8)
		return num_is_json(p, (size_t)(end - p));
	odd = word_not_digits(word_load(q)) & word_first((size_t)(end - q));
	if (!odd)
		return *digits != '0' || end - digits == 1;
	q += word_before(odd);
	at = (int)(q - digits);
	if (odd & (odd - 1) || *q != '.' || at == 0 || q + 1 == end)
		return num_is_json(p, (size_t)(end - p));
	return *digits != '0' || at == 1;
}

INLINE bool is_word(const char *p, const char *end, const char *word, size_t len)
{
	return (size_t)(end - p) == len && memcmp(p, word, len) == 0;
}

/* A string (the first stage saw its inside), a number, true, false or null, which node (NULL: nothing) asks for. */
INLINE bool take_scalar(struct run *run, struct cursor *c, const struct node *node, char first)
{
	const char *p, *end;
	bool strict;

	if (!first)
		return false;
	p = c->line + *c->at;
	end = token_end(c);
	if (first == '"')
		strict = true;
	else if (first == 't')
		strict = is_word(p, end, "true", 4);
	else if (first == 'f')
		strict = is_word(p, end, "false", 5);
	else if (first == 'n')
		strict = is_word(p, end, "null", 4);
	else
		strict = is_number(p, end, c->end);
	if (!strict)
		return false;
	if (node) {
		enter(run, node, first);
		set_slots(run, &node->here, p, (size_t)(end - p));
	}
	c->at++;
	return true;
}

/* Is there no room for one more level, which may be an object? */
static bool too_deep(const struct run *run, int level)
{
	int depth = level;

	for (int i = 0; i < level; i++)
		depth += run->open[i].closer == '}';
	return level == run->depth_max || depth + 2 > SCAN_DEPTH_MAX;
}

INLINE bool open_level(struct run *run, struct cursor *c, const struct node *node, char first)
{
	if (c->level >= run->shallow && too_deep(run, c->level))
		return false;
	if (node)
		enter(run, node, first);
	run->open[c->level++] = (struct level){node, *c->at++, 0, first == '{' ? '}' : ']'};
	return true;
}

INLINE void close_level(struct run *run, struct cursor *c)
{
	const struct level *l = &run->open[--c->level];
	uint32_t end = *c->at++ + 1;

	if (l->node)
		set_slots(run, &l->node->here, c->line + l->start, end - l->start);
}

INLINE const struct node *find_name(const struct node *node, const char *p, size_t len,
				    uint64_t first)
{
	for (size_t i = 0; i < node->nnames; i++) {
		const struct child *child = &node->names[i];

		if (child->step.name.len == len && ((child->begins ^ first) & child->mask) == 0 &&
		    (len <= 8 || memcmp(child->step.name.ptr + 8, p + 8, len - 8) == 0))
			return child->node;
	}
	return NULL;
}

/* A name that has escapes, or stands at the end of the line. */
static const struct node *find_odd_name(struct run *run, const struct node *node, const char *p,
					size_t len)
{
	char first[8] = {0};
	struct slice name;

	buf_clear(&run->name);
	name = json_unescape(p, len, &run->name);
	memcpy(first, name.ptr, name.len < 8 ? name.len : 8);
	return find_name(node, name.ptr, name.len, word_load(first));
}

/* From a member's name to its value. *child: what asks for that. */
INLINE bool take_name(struct run *run, struct cursor *c, const struct node **child)
{
	const struct node *node = run->open[c->level - 1].node;

	if (peek(run, c) != '"')
		return false;
	*child = NULL;
	if (node && node->nnames) {
		const char *p = c->line + *c->at;
		size_t len = (size_t)(token_end(c) - p);

		if (run->t.escape_end || c->end - p < 9)
			*child = find_odd_name(run, node, p, len);
		else
			*child = find_name(node, p + 1, len - 2, word_load(p + 1));
	}
	c->at++;
	if (peek(run, c) != ':')
		return false;
	c->at++;
	return true;
}

INLINE const struct node *next_item(struct run *run, struct cursor *c)
{
	struct level *l = &run->open[c->level - 1];

	for (size_t i = 0; l->node && i < l->node->nitems; i++) {
		if (l->node->items[i].step.item == l->item)
			return l->item++, l->node->items[i].node;
	}
	l->item++;
	return NULL;
}

/* From behind a value to the next one of the level that is open then. False: there is none. */
INLINE bool take_next(struct run *run, struct cursor *c, const struct node **node)
{
	while (c->level > 0) {
		const struct level *l = &run->open[c->level - 1];
		char first = peek(run, c);

		if (first == ',') {
			c->at++;
			if (l->closer == '}')
				return take_name(run, c, node);
			*node = next_item(run, c);
			return true;
		}
		if (first != l->closer)
			return false;
		close_level(run, c);
	}
	return false;
}

/* Into an object or array: to its first value, or behind it when it is empty. */
INLINE bool take_first(struct run *run, struct cursor *c, const struct node **node, char first)
{
	if (!open_level(run, c, *node, first))
		return false;
	if (peek(run, c) == run->open[c->level - 1].closer)
		return take_next(run, c, node);
	if (first == '{')
		return take_name(run, c, node);
	*node = next_item(run, c);
	return true;
}

/* True when the whole line was one strict text. */
static bool take_text(struct run *run, const struct node *node)
{
	struct cursor c = {run->t.line, run->t.line + run->t.len, run->t.at, run->t.at, 0};
	bool more;

	do {
		char first = peek(run, &c);

		if (first == '{' || first == '[')
			more = take_first(run, &c, &node, first);
		else
			more = take_scalar(run, &c, node, first) && take_next(run, &c, &node);
	} while (more);
	/* What is not strict leaves levels open, or tokens behind. */
	return c.level == 0 && peek(run, &c) == '\0' && c.at > run->t.at &&
	       c.at == run->t.at + run->t.n && !run->broken;
}

enum scan_result scan_run(const struct scan *sc, struct slice line, struct slice slots[])
{
	struct run run; /* not zeroed whole: the tokens and the open levels are many */
	bool strict;

	for (size_t i = 0; i < sc->nslots; i++)
		slots[i] = slice_of(NULL, 0);
	if (line.len == 0 || line.len > INT32_MAX)
		return SCAN_UNSURE;
	run.t.line = line.ptr;
	run.t.len = line.len;
	run.t.done = run.t.i = run.t.n = run.t.escape_end = 0;
	run.t.in_string = run.t.in_scalar = run.t.escaped = run.t.high = 0;
	run.fill = sc->fill;
	run.slots = slots;
	run.name = (struct buf)BUF_INIT;
	run.broken = false;
	run.depth_max = sc->depth_max;
	run.shallow = sc->depth_max < SCAN_DEPTH_MAX / 2 ? sc->depth_max : SCAN_DEPTH_MAX / 2;
	strict = take_text(&run, sc->root);
	buf_free(&run.name);
	if (!strict || (run.t.high && !utf8_valid(line.ptr, line.len)))
		return SCAN_UNSURE;
	return run.t.escape_end ? SCAN_ESCAPES : SCAN_OK;
}
