import { useQuery } from '@connectrpc/connect-query'
import { keepPreviousData } from '@tanstack/react-query'
import { useEffect, useEffectEvent, useRef } from 'react'

import { OrderType } from '@/gen/tickreel/v1/order_pb'
import { type Result, RunMode, SnapshotMode } from '@/gen/tickreel/v1/result_pb'
import { ResultsService } from '@/gen/tickreel/v1/results_service_pb'
import type { OrderTypeStatistics } from '@/gen/tickreel/v1/statistics_pb'
import { type Address, useSearchOf } from '@/ui/address'
import { formatCompact } from '@/ui/format/count'
import { instantOf } from '@/ui/format/instant'
import { Splitter, useSplit } from '@/ui/splitter'
import { type Tab, Tabs } from '@/ui/tabs'

import { Audit } from './audit'
import { DepthPanel } from './depth-panel'
import { FastRun } from './fast-run'
import { Files } from './files'
import { FillsTable } from './fills-table'
import { Findings } from './findings'
import { Provenance } from './provenance'
import { type OrderFacts, OrdersTable } from './orders-table'
import { PositionsTable } from './positions-table'
import { ReportCharts } from './report-charts'
import type { REPORT_TABS, ReportSearch } from './report-search'
import { useReportViewport, visitOrder } from './report-viewport'
import { SelectedOrder } from './selected-order'
import { Statistics } from './statistics'
import { Summary } from './summary'
import { TimelineTable } from './timeline-table'

type ReportTab = (typeof REPORT_TABS)[number]

interface ReportProps {
  result: Result
  address: Address<ReportSearch>
  /** Called with the id of a run started from the report. */
  onRun: (runId: string) => void
}

/** Report of a run: figures, charts and tables, linked by one replay clock. */
export function Report({ result, address, onRun }: ReportProps) {
  const { runId, summary, metadata } = result
  const full = result.mode === RunMode.FULL
  const orders = Number(summary?.orders ?? 0)
  const sizeDecimals = summary?.volume.split('.')[1]?.length ?? 0
  const search = useSearchOf(address, withoutSpan)
  const onSearch = address.change
  // Initial order if the URL also has a span: the charts must not move to it.
  const kept = useRef(address.read().from === undefined ? undefined : address.read().order)
  const viewport = useReportViewport(result, address)
  const [share, setShare] = useSplit('tickreel.report', 0.58)
  const { data } = useQuery(
    ResultsService.method.listOrders,
    { runId, filter: `id = ${search.order ?? ''}`, pageSize: 1 },
    { enabled: full && search.order !== undefined, staleTime: Infinity, placeholderData: keepPreviousData },
  )
  const order = search.order === undefined ? undefined : data?.orders[0]
  const visit = useEffectEvent((instant: bigint) => {
    const at = viewport.offset(instant)
    if (order !== undefined && String(order.id) === kept.current) {
      viewport.point(at)
    } else {
      kept.current = undefined
      visitOrder(viewport, at, orders)
    }
  })
  const submitted = order?.tsSubmitted && instantOf(order.tsSubmitted)
  useEffect(() => {
    if (submitted !== undefined) visit(submitted)
  }, [submitted])

  const step = (direction: 1 | -1) => {
    const next = Number(search.order ?? (direction > 0 ? 0 : orders + 1)) + direction
    if (next >= 1 && next <= orders) onSearch({ order: String(next) })
  }
  const tabs: Tab<ReportTab>[] = [
    { value: 'statistics', label: 'Statistics', content: <Statistics result={result} /> },
    { value: 'audit', label: 'Audit', content: <Audit result={result} /> },
    {
      value: 'findings',
      label: 'Findings',
      count: formatCompact(result.findings.length),
      content: <Findings findings={result.findings} />,
    },
    { value: 'made-from', label: 'Provenance', content: <Provenance result={result} /> },
    { value: 'files', label: 'Files', content: <Files runId={runId} full={full} outputs={metadata?.outputs ?? {}} /> },
  ]
  const positionsTab: Tab<ReportTab>[] =
    summary?.closedPositions === undefined
      ? []
      : [
          {
            value: 'positions',
            label: 'Positions',
            count: formatCompact(summary.closedPositions),
            content: (
              <PositionsTable
                runId={runId}
                sizeDecimals={sizeDecimals}
                currency={metadata?.currency ?? ''}
                search={search}
                onSearch={onSearch}
              />
            ),
          },
        ]
  if (full) {
    tabs.unshift(
      {
        value: 'orders',
        label: 'Orders',
        count: formatCompact(orders),
        content: (
          <OrdersTable
            runId={runId}
            facts={orderFacts(summary?.statistics?.byOrderType ?? [])}
            sizeDecimals={sizeDecimals}
            search={search}
            onSearch={onSearch}
          />
        ),
      },
      {
        value: 'fills',
        label: 'Fills',
        count: formatCompact(summary?.fills ?? 0),
        content: <FillsTable runId={runId} sizeDecimals={sizeDecimals} search={search} onSearch={onSearch} />,
      },
      ...positionsTab,
      {
        value: 'timeline',
        label: 'Timeline',
        content: (
          <TimelineTable
            runId={runId}
            search={search}
            onSearch={onSearch}
            onVisit={(instant) => {
              viewport.visit(viewport.offset(instant))
            }}
          />
        ),
      },
    )
  }
  const first = tabs[0]?.value ?? 'findings'
  const tab = tabs.find(({ value }) => value === search.tab)?.value ?? first
  return (
    <div className="flex flex-col lg:grid lg:h-full lg:grid-cols-[minmax(0,1fr)_272px]">
      <div className="contents min-h-0 min-w-0 flex-col lg:flex">
        {!full && <FastRun runId={runId} onRun={onRun} />}
        <div className="h-140 min-h-0 lg:h-auto lg:basis-0" style={{ flexGrow: share }}>
          <ReportCharts
            result={result}
            viewport={viewport}
            order={order}
            onOrder={(id) => {
              onSearch({ order: String(id) })
            }}
            onStep={step}
          />
        </div>
        <Splitter label="Divider between charts and tables" share={share} onShare={setShare} />
        <div
          className="order-1 h-120 min-h-0 max-lg:border-t max-lg:border-line-strong lg:h-auto lg:basis-0"
          style={{ flexGrow: 1 - share }}
        >
          <Tabs
            label="Report details"
            tabs={tabs}
            value={tab}
            onChange={(value) => {
              onSearch({ tab: value === first ? undefined : value })
            }}
          />
        </div>
      </div>
      <aside
        aria-label="Figures"
        tabIndex={0}
        className="border-line -outline-offset-2 max-lg:border-t lg:overflow-y-auto lg:border-l"
      >
        <Summary result={result} />
        {order && (
          <SelectedOrder
            order={order}
            onStep={step}
            onClear={() => {
              onSearch({ order: undefined })
            }}
          />
        )}
        {metadata?.snapshotMode !== SnapshotMode.TRADES && (
          <DepthPanel viewport={viewport} instrument={result.instrument} />
        )}
      </aside>
    </div>
  )
}

/** What the orders of a run have, from the statistics of their types. */
function orderFacts(types: readonly OrderTypeStatistics[]): OrderFacts {
  const plain: readonly OrderType[] = [OrderType.MARKET, OrderType.LIMIT]
  return { hasTypes: types.length > 0, hasTriggers: types.some(({ orderType }) => !plain.includes(orderType)) }
}

/** Without the span, so that panning does not re-render the report. */
function withoutSpan(search: ReportSearch): ReportSearch {
  return { ...search, from: undefined, to: undefined }
}
