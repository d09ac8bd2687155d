import { TriangleAlert } from 'lucide-react'

import type { Dataset } from '@/gen/tickreel/v1/catalog_service_pb'
import { DataType } from '@/gen/tickreel/v1/market_data_pb'
import type { Violation } from '@/rpc/rpc-error'
import { countOf, formatBytes, formatCount } from '@/ui/format/count'
import { formatWindow, instantOf } from '@/ui/format/instant'
import { Select } from '@/ui/select'
import { TextInput } from '@/ui/text-input'

import { ConfigField } from './config-field'
import { FormSection } from './form-section'
import type { Datasets } from './use-datasets'

/** Value of the choice "all day folders". */
const ALL = 'all'

interface DataSectionProps {
  datasets: Datasets
  /** Raw name of the instrument of the config. */
  rawName: string
  dataset: string
  onDataset: (dataset: string | undefined) => void
  instrument: string
  onInstrument: (instrument: string | undefined) => void
  violations: readonly Violation[]
}

/** Choice of the raw data, and an optional check of its instrument. */
export function DataSection(props: DataSectionProps) {
  const { datasets, rawName, dataset, onDataset, instrument, onInstrument, violations } = props
  const folders = datasets.datasets.filter(({ instruments }) => rawName === '' || instruments.includes(rawName))
  const chosen = datasets.datasets.find(({ datasetId }) => datasetId === dataset)
  const options = [
    { value: ALL, label: 'All days in the window', note: `${folders.length} with this instrument` },
    ...folders.map(({ datasetId, rows, warnings }) => ({
      value: datasetId,
      label: datasetId,
      note: `${formatCount(rows)} rows${warnings.length > 0 ? ` · ${countOf(warnings.length, 'warning')}` : ''}`,
    })),
  ]
  const unknown = dataset !== '' && !options.some(({ value }) => value === dataset)
  return (
    <FormSection title="Data">
      <div className="grid gap-3 sm:grid-cols-2">
        <ConfigField label="Dataset" path="dataset" violations={violations}>
          <Select
            options={unknown ? [...options, { value: dataset, label: dataset }] : options}
            value={dataset === '' ? ALL : dataset}
            onChange={(value) => {
              onDataset(value === ALL ? '' : value)
            }}
          />
        </ConfigField>
        <ConfigField label="Instrument check" path="instrument" violations={violations}>
          <TextInput
            figures
            value={instrument}
            onChange={(value) => {
              onInstrument(value === '' ? undefined : value)
            }}
            placeholder="not checked"
          />
        </ConfigField>
      </div>
      {chosen !== undefined && <DatasetFacts dataset={chosen} />}
    </FormSection>
  )
}

function DatasetFacts({ dataset }: { dataset: Dataset }) {
  const { rows, sizeBytes, span, dataTypes, instruments, warnings } = dataset
  const types = dataTypes.map((type) => (type === DataType.TRADES ? 'trades' : 'books')).join(' and ')
  return (
    <div className="flex flex-col gap-1 text-xs">
      <p className="figures text-muted">
        {[
          `${formatCount(rows)} rows of ${types}`,
          countOf(instruments.length, 'instrument'),
          formatBytes(sizeBytes),
          span?.start && span.end && formatWindow(instantOf(span.start), instantOf(span.end)),
        ]
          .filter(Boolean)
          .join(' · ')}
      </p>
      {warnings.length > 0 && (
        <ul aria-label={`Warnings of ${dataset.datasetId}`} className="flex flex-col gap-0.5">
          {warnings.map(({ code, message }) => (
            <li key={code + message} className="flex gap-1.5 text-warning">
              <TriangleAlert size={12} aria-hidden className="mt-0.5 shrink-0" />
              <span className="min-w-0 break-words">{message}</span>
            </li>
          ))}
        </ul>
      )}
    </div>
  )
}
