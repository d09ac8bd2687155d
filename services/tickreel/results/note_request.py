"""Notes and tags of a result, as UpdateResult changes them."""

import re

from tickreel.rpc.errors import TickreelError, Violation
from tickreel.v1 import result_pb2, results_service_pb2

MOST_NOTES = 10_000
MOST_TAGS = 50
# A filter can name such a tag without quotes.
_TAG = re.compile(r"[\w.-]{1,64}")
_FIELDS = ("notes", "tags")


def updated_notes(request: results_service_pb2.UpdateResultRequest, before: result_pb2.NotedResult) -> result_pb2.NotedResult:
    """Return the notes and tags after an update.

    Args:
        before: The current notes and tags.

    Raises:
        TickreelError: INVALID_REQUEST, with one violation per problem.
    """
    masked = list(request.update_mask.paths)
    changed = _FIELDS if masked == ["*"] else masked or [name for name in _FIELDS if getattr(request, name)]
    problems = [
        Violation("update_mask", f"names {name!r}; use notes, tags, or * for both") for name in changed if name not in _FIELDS
    ]
    if not changed:
        problems.append(
            Violation("update_mask", "is empty, and neither notes nor tags are set; to clear a field, name it in the mask")
        )
    if len(request.notes) > MOST_NOTES:
        problems.append(Violation("notes", f"has {len(request.notes):,} characters; the limit is {MOST_NOTES:,}"))
    if len(request.tags) > MOST_TAGS:
        problems.append(Violation("tags", f"has {len(request.tags)} tags; the limit is {MOST_TAGS}"))
    problems += [
        Violation(f"tags[{place}]", f"is {tag!r}; a tag has 1 to 64 letters, digits, dots, dashes or underscores")
        for place, tag in enumerate(request.tags)
        if not _TAG.fullmatch(tag)
    ]
    if problems:
        raise TickreelError("INVALID_REQUEST", "the notes cannot be saved", problems)
    after = result_pb2.NotedResult(notes=before.notes, tags=before.tags)
    if "notes" in changed:
        after.notes = request.notes
    if "tags" in changed:
        after.tags[:] = dict.fromkeys(request.tags)
    return after
