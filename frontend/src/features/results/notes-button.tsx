import { createConnectQueryKey, useMutation, useQuery } from '@connectrpc/connect-query'
import { useQueryClient } from '@tanstack/react-query'
import { Tag, X } from 'lucide-react'
import { useState } from 'react'

import type { NotedResult } from '@/gen/tickreel/v1/result_pb'
import { ResultsService } from '@/gen/tickreel/v1/results_service_pb'
import { RpcError } from '@/rpc/rpc-error'
import { Button } from '@/ui/button'
import { classNames } from '@/ui/class-names'
import { CONTROL } from '@/ui/field'
import { Popover } from '@/ui/popover'
import { TextInput } from '@/ui/text-input'

/** Valid tags, by the same rule as in the service. */
const TAG = /^[A-Za-z0-9._-]{1,64}$/

/** Shows the tags of a result and opens the editor of its tags and notes. */
export function NotesButton({ runId }: { runId: string }) {
  const { data } = useQuery(ResultsService.method.getResult, { runId })
  const entry = data?.result
  if (entry === undefined) return null
  const { tags, notes } = entry
  const label = tags.length > 0 ? tags.slice(0, 3).join(' ') + (tags.length > 3 ? ` +${tags.length - 3}` : '') : 'Notes'
  return (
    <Popover
      label="Notes and tags"
      trigger={
        <Button Icon={Tag} aria-label={`Notes and tags: ${tags.join(', ') || 'none'}`} title={notes || undefined}>
          <span className="max-w-40 truncate">{label}</span>
        </Button>
      }
    >
      <Notes key={runId} entry={entry} runId={runId} />
    </Popover>
  )
}

function Notes({ runId, entry }: { runId: string; entry: NotedResult }) {
  const queries = useQueryClient()
  const { mutate, isPending, error } = useMutation(ResultsService.method.updateResult, {
    onSuccess: () =>
      queries.invalidateQueries({
        queryKey: createConnectQueryKey({ schema: ResultsService, cardinality: undefined }),
      }),
  })
  const [notes, setNotes] = useState(entry.notes)
  const [typed, setTyped] = useState('')
  const { tags } = entry
  const setTags = (changed: string[]) => {
    mutate({ runId, tags: changed, updateMask: { paths: ['tags'] } })
  }
  const add = () => {
    if (!TAG.test(typed)) return
    if (!tags.includes(typed)) setTags([...tags, typed])
    setTyped('')
  }
  const saveNotes = () => {
    if (notes !== entry.notes) mutate({ runId, notes, updateMask: { paths: ['notes'] } })
  }
  return (
    <div className="flex w-80 max-w-full flex-col gap-2">
      {tags.length > 0 && (
        <ul aria-label="Tags" className="flex flex-wrap gap-1">
          {tags.map((tag) => (
            <li key={tag} className="flex items-center gap-1 rounded-sm bg-hover pr-1 pl-2 text-xs">
              {tag}
              <button
                type="button"
                aria-label={`Remove tag ${tag}`}
                className="text-faint hover:text-text"
                onClick={() => {
                  setTags(tags.filter((other) => other !== tag))
                }}
              >
                <X size={12} aria-hidden />
              </button>
            </li>
          ))}
        </ul>
      )}
      <TextInput
        aria-label="Add a tag"
        placeholder="Add a tag and press Enter"
        value={typed}
        onChange={setTyped}
        onKeyDown={({ key }) => {
          if (key === 'Enter') add()
        }}
        onBlur={add}
      />
      {typed !== '' && !TAG.test(typed) && (
        <p className="text-xs text-warning">Use 1 to 64 letters, digits, dots, dashes or underscores.</p>
      )}
      <textarea
        aria-label="Notes"
        placeholder="Notes on this run"
        rows={5}
        maxLength={10_000}
        value={notes}
        onChange={({ target }) => {
          setNotes(target.value)
        }}
        onBlur={saveNotes}
        className={classNames(CONTROL, 'h-auto resize-y py-1.5')}
      />
      <p role="status" className="text-2xs text-faint">
        {error ? (
          <span className="text-danger">{RpcError.from(error).message}</span>
        ) : isPending ? (
          'Saving'
        ) : notes === entry.notes ? (
          'Saved. The result itself never changes.'
        ) : (
          'Saved when you leave the field.'
        )}
      </p>
    </div>
  )
}
