import type { Dataset } from '@/gen/tickreel/v1/catalog_service_pb'
import { countOf } from '@/ui/format/count'

/** What raw data there is to replay, the newest day first. */
export function DatasetList({ datasets }: { datasets: readonly Dataset[] }) {
  return (
    <section aria-label="Raw data" className="px-4 py-3">
      <h2 className="pb-1 text-xs font-medium text-faint">Raw data</h2>
      <ul>
        {datasets.map(({ datasetId, instruments, rows, warnings }) => (
          <li
            key={datasetId}
            className="grid grid-cols-[auto_minmax(0,1fr)_auto] gap-x-4 border-t border-line py-1.5 text-xs"
          >
            <span className="figures text-sm">{datasetId}</span>
            <span className="figures pt-0.5 text-faint">{instruments.join(', ')}</span>
            <span className="figures pt-0.5 text-right text-muted">
              {countOf(rows, 'row')}
              {warnings.length > 0 && <span className="block text-warning">{countOf(warnings.length, 'warning')}</span>}
            </span>
          </li>
        ))}
      </ul>
    </section>
  )
}
