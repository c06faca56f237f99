/*
 * stations: least, mean and greatest reading of each station, of lines "name;-12.3" and nothing else. What
 * a program for this one form can do with this machine: bench/csv holds csvagg, which reads any
 * CSV, beside it. Prints name,min,mean,max, in no order.
 *
 * usage: stations THREADS FILE
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

enum { SLOTS = 1 << 15, THREADS_MAX = 64, SPARE = 1 << 16, WORD = 8, START = 2 * WORD };

struct station {
	uint64_t start[2]; /* of the name, 0 behind it */
	const char *name;
	uint32_t len, count;
	int32_t min, max;
	int64_t sum;
};

struct part {
	const char *p, *end; /* whole lines */
	struct station *table;
	pthread_t thread;
};

static uint64_t load(const char *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof word);
	return word;
}

/* The lowest bit that is set is the top one of the first byte that is ';'. (Little-endian.) */
static uint64_t semicolons(uint64_t word)
{
	uint64_t zero = word ^ UINT64_C(0x3b3b3b3b3b3b3b3b);

	return (zero - UINT64_C(0x0101010101010101)) & ~zero & UINT64_C(0x8080808080808080);
}

static uint64_t bytes_before(uint64_t found)
{
	return ((found & -found) >> 7) - 1;
}

static struct station *slot_of(struct station *table, const uint64_t start[2], const char *name,
			       size_t len)
{
	uint64_t hash =
		(start[0] ^ (start[1] << 23 | start[1] >> 41)) * UINT64_C(0x9e3779b97f4a7c15);
	size_t i = hash >> 49;

	for (;; i = (i + 1) % SLOTS) {
		struct station *s = &table[i];

		if (s->start[0] == start[0] && s->start[1] == start[1] && s->len == len &&
		    (len <= START || memcmp(s->name, name, len) == 0))
			return s;
		if (!s->name) {
			*s = (struct station){
				{start[0], start[1]}, name, (uint32_t)len, 0, 999, -999, 0};
			return s;
		}
	}
}

static void *run(void *arg)
{
	struct part *part = arg;
	const char *p = part->p;

	while (p < part->end) {
		const char *name = p;
		uint64_t start[2] = {load(p), 0}, found = semicolons(start[0]);
		int32_t negative, two, whole, tenths;
		struct station *s;

		if (found) {
			start[0] &= bytes_before(found);
			p += __builtin_ctzll(found) / 8;
		} else {
			start[1] = load(p + WORD);
			found = semicolons(start[1]);
			if (found) {
				start[1] &= bytes_before(found);
				p += WORD + __builtin_ctzll(found) / 8;
			} else {
				for (p += START; *p != ';'; p++)
					;
			}
		}
		s = slot_of(part->table, start, name, (size_t)(p - name));
		p++;
		negative = *p == '-';
		p += negative;
		two = p[1] != '.';
		whole = two ? p[0] * 10 + p[1] - 11 * '0' : p[0] - '0';
		tenths = whole * 10 + p[two + 2] - '0';
		tenths = negative ? -tenths : tenths;
		p += two + 4;
		s->min = tenths < s->min ? tenths : s->min;
		s->max = tenths > s->max ? tenths : s->max;
		s->sum += tenths;
		s->count++;
	}
	return NULL;
}

static void merge(struct station *table, const struct station *from)
{
	for (size_t i = 0; i < SLOTS; i++) {
		if (!from[i].name)
			continue;
		struct station *s = slot_of(table, from[i].start, from[i].name, from[i].len);
		s->min = from[i].min < s->min ? from[i].min : s->min;
		s->max = from[i].max > s->max ? from[i].max : s->max;
		s->sum += from[i].sum;
		s->count += from[i].count;
	}
}

/* The file in memory, with zeroes behind it, for words are read past its end; NULL: errno says why. */
static const char *map(const char *path, size_t *size)
{
	int fd = open(path, O_RDONLY);
	struct stat st;
	char *p;

	if (fd < 0 || fstat(fd, &st) < 0)
		return NULL;
	*size = (size_t)st.st_size;
	p = mmap(NULL, *size + SPARE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED ||
	    (*size && mmap(p, *size, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0) == MAP_FAILED))
		return NULL;
	return p;
}

static void print(const struct station *table)
{
	for (size_t i = 0; i < SLOTS; i++) {
		const struct station *s = &table[i];

		if (s->name)
			printf("%.*s,%.1f,%.17g,%.1f\n", (int)s->len, s->name, s->min / 10.0,
			       (double)s->sum / 10.0 / s->count, s->max / 10.0);
	}
}

int main(int argc, char **argv)
{
	static struct part parts[THREADS_MAX];
	int threads = argc == 3 ? atoi(argv[1]) : 0;
	size_t size = 0;
	const char *text, *from;

	if (threads < 1 || threads > THREADS_MAX) {
		fprintf(stderr, "Usage: stations THREADS FILE\n");
		return 2;
	}
	text = from = map(argv[2], &size);
	if (!text) {
		perror(argv[2]);
		return 1;
	}
	for (int i = 0; i < threads; i++) {
		const char *end = text + size * (size_t)(i + 1) / (size_t)threads;

		while (end > from && end[-1] != '\n')
			end++;
		parts[i] = (struct part){from, end, calloc(SLOTS, sizeof(struct station)), 0};
		from = end;
		if (!parts[i].table || pthread_create(&parts[i].thread, NULL, run, &parts[i]) != 0)
			abort();
	}
	for (int i = 0; i < threads; i++) {
		pthread_join(parts[i].thread, NULL);
		if (i)
			merge(parts[0].table, parts[i].table);
	}
	print(parts[0].table);
	return fflush(stdout) != 0;
}
