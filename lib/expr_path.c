/* The fields of a set of programs. */
#include <stdlib.h>

#include "expr_priv.h"
#include "mem.h"

bool path_add(struct path *path, struct slice name)
{
	if (path->n == PATH_STEPS_MAX)
		return false;
	path->steps[path->n++] = (struct scan_step){.name = name};
	return true;
}

bool path_add_item(struct path *path, uint32_t item)
{
	if (path->n == PATH_STEPS_MAX)
		return false;
	path->steps[path->n++] = (struct scan_step){.item = item};
	return true;
}

int fields_column(const struct fields *fs, struct slice name)
{
	for (size_t i = 0; i < fs->ncolumns; i++) {
		if (slice_eq(fs->columns[i], name))
			return (int)i;
	}
	return -1;
}

int fields_whole(const struct fields *fs, const char *src)
{
	struct slice s = slice_str(src);
	int column = fields_column(fs, s);

	if (column >= 0)
		return column;
	while (s.len && strchr(" \t\n", s.ptr[0])) {
		s.ptr++;
		s.len--;
	}
	while (s.len && strchr(" \t\n", s.ptr[s.len - 1]))
		s.len--;
	return fields_column(fs, s);
}

int expr_column(const struct slice *columns, size_t ncolumns, const char *program)
{
	const struct fields fs = {.columns = columns, .ncolumns = ncolumns};

	return fields_whole(&fs, program);
}

static bool same_path(const struct field *f, const struct path *path)
{
	if (f->n != path->n)
		return false;
	for (size_t i = 0; i < f->n; i++) {
		if (!scan_same_step(&f->steps[i], &path->steps[i]))
			return false;
	}
	return true;
}

int fields_slot(struct fields *fs, const struct path *path)
{
	struct field *f;
	int column = -1;

	if (fs->columns && path->n) {
		column = path->n == 1 && path->steps[0].name.ptr
				 ? fields_column(fs, path->steps[0].name)
				 : -1;
		if (column < 0)
			return -1;
	}
	for (size_t i = 0; i < fs->n; i++) {
		if (same_path(&fs->v[i], path))
			return (int)i;
	}
	fs->v = mem_grow(fs->v, &fs->cap, fs->n + 1, sizeof *fs->v);
	f = &fs->v[fs->n];
	*f = (struct field){mem_zalloc(path->n, sizeof *f->steps), path->n, column};
	for (size_t i = 0; i < path->n; i++) {
		f->steps[i] = path->steps[i];
		if (f->steps[i].name.ptr)
			f->steps[i].name.ptr = mem_dup(f->steps[i].name.ptr, f->steps[i].name.len);
	}
	return (int)fs->n++;
}

void fields_free(struct fields *fs)
{
	for (size_t i = 0; i < fs->n; i++) {
		for (size_t k = 0; k < fs->v[i].n; k++)
			free((char *)fs->v[i].steps[k].name.ptr);
		free(fs->v[i].steps);
	}
	free(fs->v);
}
