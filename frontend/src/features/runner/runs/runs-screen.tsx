import { useNavigate } from '@tanstack/react-router'
import { Play } from 'lucide-react'
import { useMemo } from 'react'

import { RpcError } from '@/rpc/rpc-error'
import { useAddress, useSearchOf } from '@/ui/address'
import { ButtonLink } from '@/ui/button'
import { DataTable } from '@/ui/data-table'
import { EmptyState } from '@/ui/empty-state'
import { ErrorState } from '@/ui/error-state'
import { formatCount } from '@/ui/format/count'
import { Screen } from '@/ui/screen'
import { SegmentedControl } from '@/ui/segmented-control'
import { Select } from '@/ui/select'
import { SkeletonRows } from '@/ui/skeleton'
import { TextInput } from '@/ui/text-input'
import { useNow } from '@/ui/use-now'

import { instrumentName } from '../run-facts'
import { useResultEntries } from '../use-result-entries'
import { useRuns } from '../use-runs'
import { listRuns } from './listed-run'
import { RUN_COLUMNS, RunLines, VERIFICATION_COLUMNS } from './run-columns'
import { countGroups, selectRuns } from './run-selection'
import { type RunsSearch, SORT_COLUMNS, STATE_FILTERS } from './runs-search'

/** Columns if no run has a tag. */
const UNTAGGED = RUN_COLUMNS.filter(({ id }) => id !== 'tags')

/** List of all runs, including live ones; filters and sort order are in the URL. */
export function RunsScreen() {
  const address = useAddress<RunsSearch>()
  const { change } = address
  const search = useSearchOf(address)
  const navigate = useNavigate()
  const { runs: known, query } = useRuns()
  const entries = useResultEntries()
  const runs = useMemo(() => listRuns(known, entries), [known, entries])
  const now = useNow(10_000)

  const shown = selectRuns(runs, search, now)
  const counts = countGroups(runs)
  const instruments = [...new Set(runs.map(({ run }) => run.instrument))].sort()
  const tags = [...new Set(runs.flatMap((listed) => listed.tags))].sort()
  const filtered =
    search.tag !== undefined ||
    search.state !== undefined ||
    search.instrument !== undefined ||
    search.find !== undefined
  return (
    <Screen
      title="Runs"
      context={
        runs.length > 0 && (
          <span className="figures">
            {counted(shown.length, runs.length - (search.state === 'verifications' ? 0 : counts.verifications))}
          </span>
        )
      }
      actions={
        <ButtonLink variant="primary" Icon={Play} to="/">
          New run
        </ButtonLink>
      }
    >
      <div className="flex h-full flex-col">
        <div role="search" className="flex shrink-0 flex-wrap items-center gap-2 border-b border-line px-4 py-2">
          <div className="w-56">
            <TextInput
              type="search"
              aria-label="Find by id, config, strategy or note"
              placeholder="Find by id, config, strategy, note"
              value={search.find ?? ''}
              onChange={(find) => {
                change({ find: find || undefined })
              }}
            />
          </div>
          <SegmentedControl
            label="State"
            value={search.state ?? 'all'}
            onChange={(state) => {
              change({ state: state === 'all' ? undefined : state })
            }}
            options={[
              { value: 'all', label: 'All' },
              ...STATE_FILTERS.filter(
                (group) => group !== 'verifications' || counts.verifications > 0 || search.state === group,
              ).map((state) => ({ value: state, label: `${capitalize(state)} ${counts[state]}` })),
            ]}
          />
          <div className="w-52">
            <Select
              label="Instrument"
              value={search.instrument ?? ''}
              onChange={(instrument) => {
                change({ instrument: instrument || undefined })
              }}
              options={[
                { value: '', label: 'All instruments' },
                ...instruments.map((id) => ({
                  value: id,
                  label: instrumentName(id).symbol,
                  note: instrumentName(id).venue,
                })),
              ]}
            />
          </div>
          {(tags.length > 0 || search.tag !== undefined) && (
            <div className="w-40">
              <Select
                label="Tag"
                value={search.tag ?? ''}
                onChange={(tag) => {
                  change({ tag: tag || undefined })
                }}
                options={[{ value: '', label: 'Any tag' }, ...tags.map((tag) => ({ value: tag, label: tag }))]}
              />
            </div>
          )}
        </div>
        <div className="min-h-0 flex-1">
          {query.isPending && runs.length === 0 ? (
            <SkeletonRows />
          ) : query.isError && runs.length === 0 ? (
            <ErrorState problem={RpcError.from(query.error)} onRetry={() => void query.refetch()} />
          ) : (
            <DataTable
              label="Runs"
              columns={
                search.state === 'verifications' ? VERIFICATION_COLUMNS : tags.length > 0 ? RUN_COLUMNS : UNTAGGED
              }
              phoneRow={RunLines}
              rows={shown}
              rowKey={({ run }) => run.runId}
              sort={{ column: search.sort ?? 'created', descending: search.order !== 'ascending' }}
              onSort={({ column, descending }) => {
                const sort = SORT_COLUMNS.find((name) => name === column)
                change({ sort: sort === 'created' ? undefined : sort, order: descending ? undefined : 'ascending' })
              }}
              onSelect={({ run: { runId } }) => void navigate({ to: '/runs/$runId', params: { runId } })}
              empty={filtered ? <NoMatches /> : <NoRuns />}
            />
          )}
        </div>
      </div>
    </Screen>
  )
}

function NoMatches() {
  return (
    <EmptyState
      action={
        <ButtonLink to="/runs" search={{}}>
          Clear filters
        </ButtonLink>
      }
    >
      No runs match these filters.
    </EmptyState>
  )
}

function NoRuns() {
  return (
    <EmptyState
      action={
        <ButtonLink variant="primary" Icon={Play} to="/">
          New run
        </ButtonLink>
      }
    >
      No runs yet.
    </EmptyState>
  )
}

function counted(shown: number, all: number): string {
  return shown === all ? formatCount(all) : `${formatCount(shown)} of ${formatCount(all)}`
}

function capitalize(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1)
}
