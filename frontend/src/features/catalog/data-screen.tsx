import { getRouteApi, useNavigate } from '@tanstack/react-router'
import type { ReactNode } from 'react'

import { Screen } from '@/ui/screen'
import { Tabs } from '@/ui/tabs'

import { CatalogView } from './catalog-view'
import type { DataSearch } from './data-search'
import { RawView } from './raw-view'

const route = getRouteApi('/data')

interface DataScreenProps {
  /** The conversions view. */
  conversions: (chosen: string | undefined, onChoose: (conversionId: string) => void) => ReactNode
}

/** Raw files, the catalog that they were converted into, and the conversions. */
export function DataScreen({ conversions }: DataScreenProps) {
  const { view = 'raw', dataset, instrument, conversion } = route.useSearch()
  const navigate = useNavigate()
  const show = (search: DataSearch) => void navigate({ to: '/data', search, replace: true })
  return (
    <Screen title="Data">
      <Tabs
        label="Data"
        value={view}
        onChange={(chosen) => {
          show({ view: chosen })
        }}
        tabs={[
          {
            value: 'raw',
            label: 'Raw files',
            content: (
              <RawView
                chosen={dataset}
                onChoose={(id) => {
                  show({ view: 'raw', dataset: id })
                }}
              />
            ),
          },
          {
            value: 'catalog',
            label: 'Catalog',
            content: (
              <CatalogView
                chosen={instrument}
                onChoose={(id) => {
                  show({ view: 'catalog', instrument: id })
                }}
              />
            ),
          },
          {
            value: 'conversions',
            label: 'Conversions',
            content: conversions(conversion, (id) => {
              show({ view: 'conversions', conversion: id })
            }),
          },
        ]}
      />
    </Screen>
  )
}
