import type { ConfigFile } from '@/gen/tickreel/v1/runner_service_pb'
import { problemCount } from '@/rpc/problem-count'
import { formatWindow, instantOf } from '@/ui/format/instant'
import { countOf } from '@/ui/format/count'

/** Configs to choose from, one per line. */
export function ConfigList({
  configs,
  onChoose,
}: {
  configs: readonly ConfigFile[]
  onChoose: (configId: string) => void
}) {
  return (
    <ul aria-label="Configs" className="flex flex-col rounded border border-line">
      {configs.map(({ configId, config, violations }) => {
        const { start, end } = config?.timeWindow ?? {}
        return (
          <li key={configId} className="border-b border-line last:border-b-0">
            <button
              type="button"
              onClick={() => {
                onChoose(configId)
              }}
              className="grid w-full gap-x-4 px-3 py-2 text-left hover:bg-hover sm:grid-cols-[minmax(0,1fr)_auto]"
            >
              <span className="text-sm">{configId}</span>
              <span className="figures text-xs text-muted sm:text-right">
                {start && end && formatWindow(instantOf(start), instantOf(end), 'min')}
              </span>
              <span className="figures truncate text-xs text-faint">{config?.instrument?.id}</span>
              <span className="text-xs text-faint sm:text-right">{config?.strategy?.name}</span>
              {violations.length > 0 && (
                <span className="text-xs text-danger">{countOf(problemCount(violations), 'problem')}</span>
              )}
            </button>
          </li>
        )
      })}
    </ul>
  )
}
