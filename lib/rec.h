/*
 * rec: one Kafka record as slices. Pure.
 *
 * A null key, value or header value has ptr NULL; an empty one has not.
 * Slices belong to whoever filled the record.
 */
#ifndef KPIPE_REC_H
#define KPIPE_REC_H

#include <stdint.h>

#include "buf.h"

struct rec_header {
	struct slice name, value;
};

enum { REC_NO_PARTITION = -1, REC_NO_OFFSET = -1 };
#define REC_NO_TIMESTAMP INT64_MIN

struct rec {
	struct slice topic; /* ptr NULL: not given */
	int32_t partition;  /* REC_NO_PARTITION: not given */
	int64_t offset;     /* REC_NO_OFFSET: not given */
	int64_t timestamp;  /* epoch milliseconds, REC_NO_TIMESTAMP: none */
	bool log_append;    /* the timestamp is the broker's */
	struct slice key, value;
	const struct rec_header *headers;
	size_t nheaders;
};

#endif
