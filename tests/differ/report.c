#include "report.h"

#include <stdio.h>

const char *const use_names[USES] = {
	[MAP] = "map", [VALUE] = "value", [KEY] = "key", [TEST] = "test", [EXACT] = "exact",
};

static void count(struct tally *t, bool clean, bool native)
{
	t->pairs++;
	t->native += native;
	t->clean_pairs += clean;
	t->clean_native += clean && native;
}

void report_count(struct report *rp, const struct program *program, enum use use, bool clean,
		  bool native)
{
	count(&rp->by_use[use], clean, native);
	for (int i = 0; i < CONSTRUCTS; i++)
		if (program_uses(program, i))
			count(&rp->by_construct[i][use != MAP], clean, native);
}

static void add_tally(struct tally *sum, const struct tally *t)
{
	sum->pairs += t->pairs;
	sum->native += t->native;
	sum->clean_pairs += t->clean_pairs;
	sum->clean_native += t->clean_native;
}

void report_add(struct report *sum, const struct report *rp)
{
	sum->programs += rp->programs;
	sum->compiled += rp->compiled;
	sum->subset += rp->subset;
	sum->meant += rp->meant;
	sum->differing += rp->differing;
	for (int i = 0; i < USES; i++)
		add_tally(&sum->by_use[i], &rp->by_use[i]);
	for (int i = 0; i < CONSTRUCTS; i++) {
		add_tally(&sum->by_construct[i][0], &rp->by_construct[i][0]);
		add_tally(&sum->by_construct[i][1], &rp->by_construct[i][1]);
	}
}

double share(uint64_t part, uint64_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 0;
}

static void print_tally(const char *name, const struct tally *t)
{
	printf("# %-16s %9llu pairs %5.1f %% native; %9llu clean %5.1f %%\n", name,
	       (unsigned long long)t->pairs, share(t->native, t->pairs),
	       (unsigned long long)t->clean_pairs, share(t->clean_native, t->clean_pairs));
}

struct tally report_print(const struct report *rp)
{
	struct tally all = {0};

	for (int i = 0; i < USES; i++) {
		print_tally(use_names[i], &rp->by_use[i]);
		add_tally(&all, &rp->by_use[i]);
	}
	print_tally("all", &all);
	printf("# %llu programs, %llu compiled, %llu of the subset; %llu numbers differ as is "
	       "meant\n",
	       (unsigned long long)rp->programs, (unsigned long long)rp->compiled,
	       (unsigned long long)rp->subset, (unsigned long long)rp->meant);
	printf("# %-16s percent native of clean pairs, as map and otherwise\n", "");
	for (int i = 0; i < CONSTRUCTS; i++) {
		const struct tally *t = rp->by_construct[i];
		printf("# %-16s %5.1f %5.1f\n", construct_names[i],
		       share(t[0].clean_native, t[0].clean_pairs),
		       share(t[1].clean_native, t[1].clean_pairs));
	}
	return all;
}
