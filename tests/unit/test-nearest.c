/* nearest: which known word was meant. */
#include "nearest.h"

#include <string.h>

#include "tap.h"

static void meant(const char *typed, const char *want)
{
	static const char *const words[] = {"list",   "describe", "offsets", "configs",
					    "create", "alter",    "delete"};
	struct nearest n = nearest_to(typed);

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		nearest_try(&n, words[i]);
	if (want)
		ok(n.word && strcmp(n.word, want) == 0, "'%s' means %s, got %s", typed, want,
		   n.word ? n.word : "nothing");
	else
		ok(!n.word, "'%s' means nothing, got %s", typed, n.word ? n.word : "nothing");
}

int main(void)
{
	meant("lst", "list");
	meant("lists", "list");
	meant("descirbe", "describe"); /* swapped */
	meant("describ", "describe");
	meant("offset", "offsets");
	meant("config", "configs");
	meant("craete", "create");
	meant("deleet", "delete");
	meant("atler", "alter");
	meant("", NULL);
	meant("x", NULL);
	meant("remove", NULL);
	meant("a-word-that-is-longer-than-any-that-is-known-here-0123456789-0123456789", NULL);
	return done_testing();
}
