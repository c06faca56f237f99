/* kjoin: what is held, from one run to the next. */
#include "kjoin_priv.h"

#include "when.h"

static void put_texts(struct buf *out, const char *option, const struct strlist *texts)
{
	for (size_t i = 0; i < texts->n; i++)
		buf_addf(out, " %s %s", option, texts->v[i]);
}

static void put_text(struct buf *out, const char *option, const char *text)
{
	if (text)
		buf_addf(out, " %s %s", option, text);
}

static void put_duration(struct buf *out, const char *option, int64_t d)
{
	buf_addf(out, " %s ", option);
	when_put_duration(out, d);
}

/* What decides who meets whom, and for how long records are held. */
static void put_options(const struct kjoin *k, struct buf *out)
{
	static const char *const kinds[] = {
		[JOIN_INNER] = "inner",      [JOIN_KEEP_LEFT] = "left", [JOIN_KEEP_RIGHT] = "right",
		[JOIN_KEEP_BOTH] = "outer", [JOIN_SEMI] = "semi",      [JOIN_ANTI] = "anti",
	};

	buf_addf(out, " --%s", kinds[k->conf.kind]);
	put_texts(out, "-g", &k->keys);
	put_texts(out, "--right-key", &k->right_keys);
	put_texts(out, "--table-key", &k->table_keys);
	put_text(out, "--left-if", k->left_if);
	put_text(out, "-w", k->where);
	put_text(out, "--delete-if", k->delete_if);
	if (k->conf.how == JOIN_WITHIN && !k->window.size) {
		put_duration(out, "--before", k->conf.before);
		put_duration(out, "--after", k->conf.after);
	}
	if (k->window.size) {
		put_duration(out, "--hop", k->window.size);
		buf_add_char(out, '/');
		when_put_duration(out, k->window.step);
	}
	if (k->as_of)
		buf_add_str(out, " --as-of");
	if (k->ttl != KJOIN_NEVER)
		put_duration(out, "--ttl", k->ttl);
	if (k->null_equal)
		buf_add_str(out, " --null-equal");
	if (k->timed) {
		streamtime_put_options(&k->time, out);
		put_text(out, "--right-time", k->right_time);
	}
}

static bool load_all(struct kjoin *k, struct unpack *in)
{
	k->watermark = unpack_int(in);
	for (int i = JOIN_LEFT; k->timed && i <= JOIN_RIGHT; i++) {
		if (!streamtime_load(k->sides[i].st, in))
			return false;
	}
	return join_load(k->join, in) && !in->left.len;
}

void kjoin_load(struct kjoin *k)
{
	struct buf options = BUF_INIT;
	struct unpack in;

	put_options(k, &options);
	k->state = toolstate_open(&k->keep, buf_slice(&options), &in);
	buf_free(&options);
	if (in.left.len && !load_all(k, &in))
		toolstate_damaged(&k->keep);
}

/* The final run leaves nothing to go on from. */
int kjoin_save(struct kjoin *k)
{
	struct buf bytes = BUF_INIT;
	int rc;

	if (!k->final) {
		pack_int(&bytes, k->watermark);
		for (int i = JOIN_LEFT; k->timed && i <= JOIN_RIGHT; i++)
			streamtime_save(k->sides[i].st, &bytes);
		join_save(k->join, &bytes);
	}
	rc = toolstate_save(k->state, buf_slice(&bytes));
	buf_free(&bytes);
	return rc;
}
