#include <setjmp.h>

#include "jqprog_priv.h"
#include "loop.h"

/* Where this thread goes on when libjq crashes; NULL: not in libjq. */
static _Thread_local sigjmp_buf *guard;

static void leave_libjq(void)
{
	if (guard)
		siglongjmp(*guard, 1);
}

/* The handler runs unblocked: no mask is kept, which would take a system call each time. */
bool jqguard_next(jq_state *jq, jv *result)
{
	sigjmp_buf here;

	if (sigsetjmp(here, 0)) {
		guard = NULL;
		*result = jv_invalid();
		return false;
	}
	guard = &here;
	*result = jq_next(jq);
	guard = NULL;
	return true;
}

bool jqguard_compile(jq_state *jq, const char *src, jv vars, bool *compiled)
{
	sigjmp_buf here;

	loop_on_crash(leave_libjq);
	if (sigsetjmp(here, 0)) {
		guard = NULL;
		return false;
	}
	guard = &here;
	*compiled = jq_compile_args(jq, src, vars);
	guard = NULL;
	return true;
}
