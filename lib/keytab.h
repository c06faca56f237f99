/*
 * keytab: a hash table from byte strings to slots of a fixed size, kept in
 * insertion order. Pure.
 *
 * Keys are copied. Slots are zeroed when made, aligned to 16 bytes, and do not move until
 * keytab_free. Lookup is open addressing over 32-bit entry numbers with stored
 * hashes; growth doubles the index and leaves entries where they are.
 * A randomly chosen seed guards against keys made to collide; the order of
 * iteration never depends on it.
 */
#ifndef KPIPE_KEYTAB_H
#define KPIPE_KEYTAB_H

#include <stdint.h>

#include "buf.h"

struct keytab;

struct keytab *keytab_new(size_t slot_size, uint64_t seed); /* slot_size 0: a set of keys */
void keytab_free(struct keytab *kt); /* NULL is fine; what slots point to is the caller's */

/*
 * The slot of `key`, made when it is not there (*made says so; may be NULL). Amortised O(len).
 * Never NULL, also when slots have no bytes.
 */
void *keytab_put(struct keytab *kt, struct slice key, bool *made);

/* As keytab_put, but gives the entry's number. */
size_t keytab_put_number(struct keytab *kt, struct slice key, bool *made);

/*
 * Asks for the memory that looking up these keys will read, so that it is on its way while others are looked up: in a table
 * larger than the processor's caches most of the time goes by waiting for it.
 */
void keytab_prefetch(const struct keytab *kt, const struct slice keys[], size_t n);
enum { KEYTAB_PREFETCH = 32 }; /* a good n; n is no more than that */

/* The slot of `key`, or NULL. */
void *keytab_get(const struct keytab *kt, struct slice key);

/*
 * Entries are numbered 0 .. count-1 in order of insertion. A key's bytes do not move until
 * keytab_free.
 */
size_t keytab_count(const struct keytab *kt);
struct slice keytab_key(const struct keytab *kt, size_t i);
void *keytab_slot(const struct keytab *kt, size_t i);

/*
 * Only the entries for which keep says so stay: in their order, with new numbers, of which keep is told, and in slots and
 * with keys that have moved. Takes as long as putting them in. Memory is given back.
 */
void keytab_keep(struct keytab *kt, bool (*keep)(void *ctx, void *slot, size_t number), void *ctx);

/* Bytes held, keys and index included: for --stats. */
size_t keytab_memory(const struct keytab *kt);

#endif
