#include "scan.h"

#include <stdlib.h>

#include "json.h"
#include "mem.h"

/* A set of slots. */
struct indexes {
	size_t *v;
	size_t n, cap;
};

/* A place in the trie: the names from the root to it are a path, or the beginning of one. */
struct node {
	struct node *next; /* of all nodes, to free them */
	struct child *children;
	size_t nchildren, cap;
	struct indexes here;  /* slots whose path ends here */
	struct indexes below; /* slots whose path goes on from here */
};

struct child {
	char *name;
	size_t len;
	struct node *node;
};

struct scan {
	struct node *root, *nodes;
	size_t nslots;
};

/* Stands for what jq's rules must explain; its address alone counts. */
static const char unsure[1];

static struct node *new_node(struct scan *sc)
{
	struct node *node = mem_zalloc(1, sizeof(*node));

	node->next = sc->nodes;
	sc->nodes = node;
	return node;
}

static void add_index(struct indexes *set, size_t i)
{
	set->v = mem_grow(set->v, &set->cap, set->n + 1, sizeof(*set->v));
	set->v[set->n++] = i;
}

static struct node *get_child(const struct node *node, struct slice name)
{
	for (size_t i = 0; i < node->nchildren; i++)
		if (slice_eq(slice_of(node->children[i].name, node->children[i].len), name))
			return node->children[i].node;
	return NULL;
}

static struct node *add_child(struct scan *sc, struct node *node, struct slice name)
{
	struct child *child;

	node->children =
		mem_grow(node->children, &node->cap, node->nchildren + 1, sizeof(*node->children));
	child = &node->children[node->nchildren++];
	child->name = mem_dup(name.ptr, name.len);
	child->len = name.len;
	child->node = new_node(sc);
	return child->node;
}

struct scan *scan_new(const struct scan_path *paths, size_t n)
{
	struct scan *sc = mem_zalloc(1, sizeof(*sc));

	sc->root = new_node(sc);
	sc->nslots = n;
	for (size_t i = 0; i < n; i++) {
		struct node *node = sc->root;

		for (size_t k = 0; k < paths[i].n; k++) {
			struct node *child = get_child(node, paths[i].names[k]);

			add_index(&node->below, i);
			node = child ? child : add_child(sc, node, paths[i].names[k]);
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
		for (size_t i = 0; i < node->nchildren; i++)
			free(node->children[i].name);
		free(node->children);
		free(node->here.v);
		free(node->below.v);
		free(node);
	}
	free(sc);
}

/* One run of a scan. Objects that paths go through are open levels; all else is skipped. */
struct run {
	const char *end;
	struct slice *slots;
	bool escapes;    /* the line has some */
	bool doubt;      /* a slot was set to unsure; a later value may have mended that */
	struct buf name; /* a member's name without its escapes */
	int level;
	struct {
		const struct node *node;
		const char *start;
	} open[JSON_DEPTH_MAX];
};

static void set_slots(struct run *run, const struct indexes *set, const char *p, size_t len)
{
	for (size_t i = 0; i < set->n; i++)
		run->slots[set->v[i]] = slice_of(p, len);
}

/* Opens the object at p; what is inside it, or NULL when it lies too deep. */
static const char *open_object(struct run *run, const struct node *node, const char *p)
{
	if (run->level == JSON_DEPTH_MAX)
		return NULL;
	/* What an earlier value of the same name had there counts no more. */
	set_slots(run, &node->below, NULL, 0);
	run->open[run->level].node = node;
	run->open[run->level++].start = p;
	return json_blank(p + 1, run->end);
}

/* From behind a value to behind the objects that end there, and the blanks between. */
static const char *close_objects(struct run *run, const char *p)
{
	while (run->level > 0) {
		const char *start;

		p = json_blank(p, run->end);
		if (p == run->end || *p != '}')
			break;
		p++;
		start = run->open[--run->level].start;
		set_slots(run, &run->open[run->level].node->here, start, (size_t)(p - start));
	}
	return p;
}

/* Skips the value at p, which node (NULL: nothing) asks for as a whole; its end, or NULL. */
static const char *take_value(struct run *run, const struct node *node, const char *p)
{
	const char *stop = json_skip(p, run->end, JSON_DEPTH_MAX - run->level);

	if (!stop || !node)
		return stop;
	set_slots(run, &node->here, p, (size_t)(stop - p));
	if (node->below.n == 0)
		return stop;
	if (*p == 'n') {
		set_slots(run, &node->below, NULL, 0);
	} else {
		set_slots(run, &node->below, unsure, 0);
		run->doubt = true;
	}
	return stop;
}

/* The child that a name token, quotes included, leads to, or NULL. */
static const struct node *find_child(struct run *run, const struct node *node, const char *p,
				     size_t len)
{
	if (!run->escapes || !memchr(p, '\\', len))
		return get_child(node, slice_of(p + 1, len - 2));
	buf_clear(&run->name);
	return get_child(node, json_unescape(p, len, &run->name));
}

/* From a member's name to its value, or NULL when not strict. *child: what the name leads to. */
static const char *take_name(struct run *run, const char *p, const struct node **child)
{
	const char *start = p;

	if (p == run->end || *p != '"')
		return NULL;
	p = json_skip(p, run->end, 0);
	if (!p)
		return NULL;
	*child = find_child(run, run->open[run->level - 1].node, start, (size_t)(p - start));
	p = json_blank(p, run->end);
	if (p == run->end || *p != ':')
		return NULL;
	return json_blank(p + 1, run->end);
}

/* Checks the value at p, fills the slots of node and below; its end, or NULL when not strict. */
static const char *take_text(struct run *run, const struct node *node, const char *p)
{
	for (;;) {
		/* At a value; node is what asks for it, NULL when nothing does. */
		if (node && node->below.n && p < run->end && *p == '{') {
			p = open_object(run, node, p);
			if (p && p < run->end && *p != '}') {
				p = take_name(run, p, &node);
				if (!p)
					return NULL;
				continue;
			}
		} else {
			p = take_value(run, node, p);
		}
		if (!p)
			return NULL;
		p = close_objects(run, p);
		if (run->level == 0)
			return p;
		if (p == run->end || *p != ',')
			return NULL;
		p = take_name(run, json_blank(p + 1, run->end), &node);
		if (!p)
			return NULL;
	}
}

static bool any_unsure(const struct slice slots[], size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (slots[i].ptr == unsure)
			return true;
	return false;
}

enum scan_result scan_run(const struct scan *sc, struct slice line, struct slice slots[])
{
	struct run run; /* not zeroed whole: the open levels are many, and empty */
	const char *p;

	for (size_t i = 0; i < sc->nslots; i++)
		slots[i] = slice_of(NULL, 0);
	if (line.len == 0)
		return SCAN_UNSURE;
	run.end = line.ptr + line.len;
	run.slots = slots;
	run.escapes = memchr(line.ptr, '\\', line.len);
	run.doubt = false;
	run.name = (struct buf)BUF_INIT;
	run.level = 0;
	p = take_text(&run, sc->root, json_blank(line.ptr, run.end));
	buf_free(&run.name);
	if (!p || json_blank(p, run.end) != run.end)
		return SCAN_UNSURE;
	return run.doubt && any_unsure(slots, sc->nslots) ? SCAN_UNSURE : SCAN_OK;
}
