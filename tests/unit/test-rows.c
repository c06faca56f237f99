/* rows: a table, or JSON lines. */
#include "rows.h"

#include "tap.h"

static void fill(struct rows *r)
{
	const int32_t ids[] = {3, 1};

	rows_text(r, "a\"b\n");
	rows_number(r, -5);
	rows_ids(r, ids, 2);
	rows_bool(r, true);
	rows_text(r, NULL);
	rows_offset(r, 7);
	rows_ids(r, ids, 0);
	rows_bool(r, false);
}

static void is(const char *what, bool json, bool filled, const char *want)
{
	static const char *const columns[] = {"topic", "last_offset", "isr", "ok"};
	struct rows *r = rows_new(columns, 4, json);
	struct buf out = BUF_INIT;

	if (filled)
		fill(r);
	rows_put(r, &out);
	ok(strcmp(buf_str(&out), want) == 0, "%s: %s", what, buf_str(&out));
	buf_free(&out);
	rows_free(r);
}

int main(void)
{
	is("JSON", true, true,
	   "{\"topic\":\"a\\\"b\\n\",\"last_offset\":-5,\"isr\":[3,1],\"ok\":true}\n"
	   "{\"topic\":null,\"last_offset\":7,\"isr\":[],\"ok\":false}\n");
	is("a table", false, true,
	   "TOPIC  LAST-OFFSET  ISR  OK\n"
	   "a\"b\\n           -5  3,1  true\n"
	   "-                7  -    false\n");
	is("no JSON of nothing", true, false, "");
	is("no table of nothing", false, false, "");
	return done_testing();
}
