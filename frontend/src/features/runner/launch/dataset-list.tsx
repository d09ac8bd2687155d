import { createQueryOptions, useTransport } from '@connectrpc/connect-query'
import { useQueries } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { TriangleAlert } from 'lucide-react'

import { CatalogService, type Dataset } from '@/gen/tickreel/v1/catalog_service_pb'
import { DayStrip } from '@/ui/day-strip'
import { countOf, formatCompact, formatCount } from '@/ui/format/count'

import { instrumentName } from '../run-facts'
import { coverageOf, type Day } from './coverage'

/** Number of newest days to draw. */
const DAYS = 10

/** Available raw data: per instrument, the hours of each day that trades and books cover. */
export function DatasetList({ datasets }: { datasets: readonly Dataset[] }) {
  const transport = useTransport()
  const dated = datasets.filter(({ date }) => date !== '')
  const newest = [...dated].sort((a, b) => (a.date < b.date ? 1 : -1)).slice(0, DAYS)
  const files = useQueries({
    queries: newest.map(({ datasetId }) => ({
      ...createQueryOptions(CatalogService.method.getDataset, { datasetId }, { transport }),
      staleTime: 30_000,
    })),
  }).flatMap(({ data }) => data?.dataset ?? [])
  const dates = newest.map(({ date }) => date).reverse()
  const instruments = [...new Set(newest.flatMap(({ instruments }) => instruments))].sort()
  const warnings = datasets.reduce((sum, { warnings }) => sum + warnings.length, 0)
  return (
    <section aria-label="Raw data" className="px-4 py-3">
      <h2 className="flex items-baseline gap-4 pb-2 text-xs font-medium text-faint">
        Raw data
        <span className="flex items-center gap-3 font-normal">
          <Key className="bg-text">trades</Key>
          <Key className="bg-faint">books</Key>
        </span>
        <span className="figures ml-auto font-normal">
          {dates.length < datasets.length
            ? `newest ${dates.length} of ${countOf(datasets.length, 'day')}`
            : countOf(datasets.length, 'day')}
        </span>
      </h2>
      <table className="w-full table-fixed text-xs">
        <thead>
          <tr className="figures h-6 text-faint [&>th]:font-normal">
            <th scope="col" className="w-32 text-left">
              <span className="sr-only">Instrument</span>
            </th>
            {dates.map((date, index) => (
              <th key={date} scope="col" className="px-0.5 text-left whitespace-nowrap">
                {dates.length <= 4 ? date : index % 3 === 0 ? date.slice(5) : ''}
              </th>
            ))}
            <th scope="col" className="w-14 text-right font-sans">
              Rows
            </th>
          </tr>
        </thead>
        <tbody>
          {instruments.map((instrument) => {
            const { venue, symbol } = instrumentName(instrument)
            const days = coverageOf(files, instrument)
            return (
              <tr key={instrument} className="h-11 border-t border-line">
                <th scope="row" className="truncate pr-2 text-left leading-4 font-normal" title={instrument}>
                  <span className="block text-sm text-text">{symbol}</span>
                  <span className="block truncate text-2xs text-faint">{venue}</span>
                </th>
                {dates.map((date) => (
                  <td key={date} className="px-0.5">
                    <Covered date={date} day={days.find((day) => day.date === date)} />
                  </td>
                ))}
                <td className="figures text-right text-muted">
                  {days.length > 0 &&
                    formatCompact(days.reduce((sum, { tradeRows, bookRows }) => sum + tradeRows + bookRows, 0n))}
                </td>
              </tr>
            )
          })}
        </tbody>
      </table>
      {warnings > 0 && (
        <Link to="/data" className="mt-2 flex items-center gap-1.5 text-xs text-warning hover:underline">
          <TriangleAlert size={13} aria-hidden />
          {countOf(warnings, 'warning')}
        </Link>
      )}
    </section>
  )
}

function Key({ className, children }: { className: string; children: string }) {
  return (
    <span className="flex items-center gap-1.5">
      <span aria-hidden className={`size-2 rounded-xs ${className}`} />
      {children}
    </span>
  )
}

function Covered({ date, day }: { date: string; day: Day | undefined }) {
  const rows = day ? `${formatCount(day.tradeRows)} trades, ${formatCount(day.bookRows)} books` : 'nothing'
  return <DayStrip label={`${date}: ${rows}`} date={date} spans={[day?.trades, day?.books]} />
}
