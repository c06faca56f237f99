/* A treap: a tree by order, and a heap by ranks, which keep it flat as they are as good as random. */
#include "spantree.h"

#include "hash.h"

/* Of where the node lies, which neither changes nor follows the order. */
static uint64_t rank_of(const struct spannode *n)
{
	return hash_multiply(hash_multiply((uintptr_t)n ^ HASH_MIX_A, HASH_MIX_B), HASH_MIX_A);
}

static struct spannode **towards(struct spannode *at, const struct spannode *n)
{
	return spantree_compare(&n->span, &at->span) < 0 ? &at->left : &at->right;
}

/* A tree in two, the nodes before s and the others. */
static void split(struct spannode *n, const struct span *s, struct spannode **before,
		  struct spannode **others)
{
	while (n) {
		if (spantree_compare(&n->span, s) < 0) {
			*before = n;
			before = &n->right;
			n = n->right;
		} else {
			*others = n;
			others = &n->left;
			n = n->left;
		}
	}
	*before = *others = NULL;
}

void spantree_add(struct spannode **root, struct spannode *n)
{
	struct spannode **p = root;
	uint64_t rank = rank_of(n);

	while (*p && rank_of(*p) > rank)
		p = towards(*p, n);
	split(*p, &n->span, &n->left, &n->right);
	*p = n;
}

void spantree_remove(struct spannode **root, struct spannode *n)
{
	struct spannode **p = root, *l = n->left, *r = n->right;

	while (*p != n)
		p = towards(*p, n);
	while (l && r) {
		if (rank_of(l) > rank_of(r)) {
			*p = l;
			p = &l->right;
			l = *p;
		} else {
			*p = r;
			p = &r->left;
			r = *p;
		}
	}
	*p = l ? l : r;
}

struct spannode *spantree_last(struct spannode *root, const struct span *s)
{
	struct spannode *found = NULL;

	while (root) {
		if (spantree_compare(&root->span, s) > 0) {
			root = root->left;
		} else {
			found = root;
			root = root->right;
		}
	}
	return found;
}

struct spannode *spantree_first(struct spannode *root, int64_t t)
{
	struct spannode *found = NULL;

	while (root) {
		if (root->span.end < t) {
			root = root->right;
		} else {
			found = root;
			root = root->left;
		}
	}
	return found;
}
