import { useQuery } from '@connectrpc/connect-query'
import { Play } from 'lucide-react'
import { type ReactNode, useState } from 'react'

import type { Run } from '@/gen/tickreel/v1/run_pb'
import { RunnerService } from '@/gen/tickreel/v1/runner_service_pb'
import { problemCount } from '@/rpc/problem-count'
import { RpcError } from '@/rpc/rpc-error'
import { type Address, useSearchOf } from '@/ui/address'
import { Button } from '@/ui/button'
import { ErrorState } from '@/ui/error-state'
import { countOf, formatCount } from '@/ui/format/count'
import { Kbd } from '@/ui/kbd'
import { useShortcut } from '@/ui/shortcuts'
import { SkeletonRows } from '@/ui/skeleton'

import { CommandPreview } from './command-preview'
import { focusField } from './config-field'
import { ConfigSection, isOfConfig } from './config-section'
import { type Range, rangeOf, valueAt } from './config-text'
import { Consequences, ConsequencesSkeleton } from './consequences'
import { DataSection } from './data-section'
import { DatasetList } from './dataset-list'
import { EnvironmentFacts } from './environment-facts'
import { choiceOf, shown, timeFaults } from './launch-choice'
import type { LaunchSearch } from './launch-search'
import { Problems } from './problems'
import { RecentRuns } from './recent-runs'
import { ReplaySection } from './replay-section'
import { toRequest } from './run-request'
import { StrategySection } from './strategy-section'
import { type Check, useCheck } from './use-check'
import { useConfigText } from './use-config-text'
import { useDatasets } from './use-datasets'
import { useLaunch } from './use-launch'
import { type Origin, useOrigin } from './use-origin'
import { WindowSection } from './window-section'

interface LaunchProps {
  /** Holds the state of the form. */
  address: Address<LaunchSearch>
  onLaunched: (run: Run) => void
  /** Renders the empty state if there is no raw data; it reports newly made sample data. */
  noData: (props: { onMade: (instruments: readonly string[]) => void }) => ReactNode
}

/** The run form, and beside it the replay preview, the problems and the equivalent command. */
export function Launch({ address, onLaunched, noData }: LaunchProps) {
  const search = useSearchOf(address)
  const { change } = address
  const { origin, ...origins } = useOrigin(search)
  const config = useConfigText(origin, search.edit, (edit) => {
    change({ edit })
  })
  const strategies = useQuery(RunnerService.method.listStrategies, { pageSize: 500 })
  const instrumentId = textAt(config.readable, ['instrument', 'id'])
  const rawName = textAt(config.readable, ['data_catalog', 'instrument_file_pattern']) || rawNameOf(instrumentId)
  const datasets = useDatasets(rawName)
  const configs = useQuery(RunnerService.method.listConfigs, { pageSize: 500 })
  const chooseConfigOf = (instruments: readonly string[]) => {
    const found = configs.data?.configs.find(({ config }) =>
      instruments.includes(rawNameOf(config?.instrument?.id ?? '')),
    )
    // A config may have been chosen while the sample data was being made.
    const { config, from, snapshot_mode = 'both' } = address.read()
    if (found !== undefined && (config ?? from) === undefined) change({ config: found.configId, snapshot_mode })
  }

  const form = shown(search, origin, config)
  const choice = choiceOf(form, origin, config)
  const faults = timeFaults(form)
  const runnable = choice?.snapshotMode === undefined || faults.length > 0 ? undefined : choice
  const request = choice && toRequest(choice)
  const check = useCheck(request)
  const { launch, isPending, error } = useLaunch(onLaunched)
  const violations = [
    ...faults,
    ...config.violations,
    ...(config.fault === undefined ? [] : [{ field: 'config', description: config.fault.message }]),
    ...check.violations,
  ].filter(({ field }) => field !== 'options.snapshot_mode' || form.snapshotMode !== undefined)

  const blocker = isPending
    ? 'Creating the run'
    : origin === undefined
      ? 'Choose a config'
      : form.snapshotMode === undefined
        ? 'Choose what to replay: trades, book or both'
        : violations.length > 0
          ? `${countOf(problemCount(violations), 'problem')} to fix first`
          : check.error?.message
  const run = () => {
    if (blocker === undefined && request !== undefined) launch(request)
  }
  useShortcut('mod+Enter', 'Run', run)

  const [place, setPlace] = useState<Range>()
  const goTo = (field: string) => {
    if (focusField(field)) return
    if (!isOfConfig(field)) return
    change({ json: true })
    setPlace({ ...(config.fault ?? rangeOf(config.text, field)) })
  }

  // Keep the form if the services become unreachable later.
  if (strategies.isLoadingError) {
    return <Failure error={RpcError.from(strategies.error)} onRetry={() => void strategies.refetch()} />
  }
  return (
    <div
      className="grid h-full min-h-0 grid-rows-[minmax(0,1fr)_auto]"
      onKeyDownCapture={(event) => {
        // Handle it in the capture phase, since radios and switches consume Enter.
        if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return
        event.preventDefault()
        event.stopPropagation()
        run()
      }}
    >
      <div className="grid min-h-0 overflow-auto lg:grid-cols-[minmax(0,1fr)_minmax(380px,40%)] lg:overflow-hidden">
        <form
          aria-label="Run"
          className="min-w-0 lg:overflow-auto"
          onSubmit={(event) => {
            event.preventDefault()
          }}
        >
          <ConfigSection
            origin={origin}
            config={config}
            strategies={strategies.data?.strategies ?? []}
            violations={violations}
            overridesWindow={(search.start ?? search.end) !== undefined}
            isOpen={search.json === true}
            onOpen={(json) => {
              change({ json: json ? true : undefined })
            }}
            place={place}
            onChoose={(config) => {
              change({ config, from: undefined, edit: undefined, start: undefined, end: undefined })
            }}
          />
          {origins.error !== undefined && <Failure error={origins.error} onRetry={origins.retry} />}
          {origins.isPending && <SkeletonRows rows={6} />}
          {origin === undefined && !origins.isPending && <RecentRuns />}
          {origin !== undefined && (
            <>
              <DataSection
                datasets={datasets}
                rawName={rawName}
                dataset={form.dataset}
                onDataset={(dataset) => {
                  change({ dataset: dataset === (origin.options?.dataset ?? '') ? undefined : dataset })
                }}
                instrument={form.instrument}
                onInstrument={(instrument) => {
                  change({ instrument })
                }}
                violations={violations}
              />
              <WindowSection
                datasets={datasets}
                window={form.window}
                onWindow={(start, end) => {
                  change({ start, end })
                }}
                violations={violations}
              />
              <ReplaySection
                snapshotMode={form.snapshotMode}
                onSnapshotMode={(snapshot_mode) => {
                  change({ snapshot_mode })
                }}
                full={form.full}
                onFull={(full) => {
                  change({ full })
                }}
                exportTicks={form.exportTicks}
                onExportTicks={(export_ticks) => {
                  change({ export_ticks })
                }}
                violations={violations}
              />
              <StrategySection
                document={config.readable}
                onValue={config.setValue}
                strategies={strategies.data?.strategies ?? []}
                violations={violations}
              />
              <EnvironmentFacts
                environment={check.response?.preview?.environment}
                document={config.readable}
                violations={violations}
                onLeave={() => {
                  config.setValue(['environment'], undefined)
                }}
              />
            </>
          )}
        </form>
        <aside
          aria-label="Preview"
          className="min-w-0 border-line bg-surface max-lg:border-t lg:overflow-auto lg:border-l"
        >
          {datasets.error !== undefined && <Failure error={datasets.error} onRetry={datasets.retry} />}
          {datasets.error === undefined &&
            !datasets.isPending &&
            datasets.datasets.length === 0 &&
            noData({ onMade: chooseConfigOf })}
          {origin === undefined && datasets.datasets.length > 0 && <DatasetList datasets={datasets.datasets} />}
          {violations.length > 0 && <Problems violations={violations} onGoTo={goTo} />}
          {check.error !== undefined && <Failure error={check.error} onRetry={check.retry} />}
          {form.snapshotMode !== undefined &&
            (check.response?.run && check.response.preview ? (
              <Consequences run={check.response.run} preview={check.response.preview} stale={check.checking} />
            ) : (
              check.checking && violations.length === 0 && <ConsequencesSkeleton />
            ))}
          {origin !== undefined && <CommandPreview choice={runnable} path={pathOf(origin, check)} />}
        </aside>
      </div>
      <footer className="flex min-h-11 items-center gap-3 border-t border-line bg-surface px-4 py-2">
        <p role="status" className="min-w-0 flex-1 text-sm">
          {error !== undefined ? (
            <span className="text-danger">{error.message}</span>
          ) : (
            <Verdict blocker={blocker} isWrong={violations.length > 0} check={check} />
          )}
        </p>
        <span className="max-sm:hidden">
          <Kbd keys="mod+Enter" />
        </span>
        <Button
          variant="primary"
          Icon={Play}
          busy={isPending}
          disabledBecause={isPending ? undefined : blocker}
          onClick={run}
        >
          Run
        </Button>
      </footer>
    </div>
  )
}

/** One line that says whether the run can be created. */
function Verdict({ blocker, isWrong, check }: { blocker: string | undefined; isWrong: boolean; check: Check }) {
  if (blocker !== undefined) return <span className={isWrong ? 'text-danger' : 'text-muted'}>{blocker}</span>
  const preview = check.response?.preview
  if (check.checking || preview === undefined) return <span className="text-muted">Checking</span>
  const about = preview.rowsEstimated ? 'about ' : ''
  return (
    <span>
      <span className="text-accent">Ready</span>
      <span className="text-muted">
        {` · ${about}${formatCount(preview.tradeRows + preview.bookRows)} rows in ${countOf(preview.files.length, 'file')}`}
      </span>
    </span>
  )
}

function Failure({ error, onRetry }: { error: RpcError; onRetry: () => void }) {
  return <ErrorState problem={error} onRetry={onRetry} />
}

/** Path of the config file, as reported by the Runner once it has checked the request. */
function pathOf(origin: Origin | undefined, { response }: Check): string {
  const name = `${origin?.configId ?? ''}.json`
  const reported = response?.run?.options?.configPath ?? ''
  return reported.endsWith(`/${name}`) ? reported : `configs/${name}`
}

/** Name of an instrument in raw files. */
function rawNameOf(instrumentId: string): string {
  return instrumentId.replace(/@\w+$/, '')
}

function textAt(document: Parameters<typeof valueAt>[0], path: Parameters<typeof valueAt>[1]): string {
  const value = valueAt(document, path)
  return typeof value === 'string' ? value : ''
}
