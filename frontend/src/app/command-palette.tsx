import { Autocomplete } from '@base-ui/react/autocomplete'
import { Dialog } from '@base-ui/react/dialog'
import { useQuery } from '@connectrpc/connect-query'
import { useNavigate } from '@tanstack/react-router'
import type { ReactNode } from 'react'

import { symbolOf } from '@/features/runner/run-facts'
import { StateBadge } from '@/jobs/state-badge'
import { useRuns } from '@/features/runner/use-runs'
import { RunnerService } from '@/gen/tickreel/v1/runner_service_pb'
import { classNames } from '@/ui/class-names'
import { Kbd } from '@/ui/kbd'
import { POPUP, POPUP_ITEM } from '@/ui/popup'

interface Command {
  value: string
  label: string
  note?: ReactNode
  keys?: string
  run: () => void
}

interface Group {
  value: string
  items: Command[]
}

interface CommandPaletteProps {
  onClose: () => void
  onShortcuts: () => void
  onTheme: () => void
}

/** Searchable list of all screens, actions, runs and configs. */
export function CommandPalette({ onClose, onShortcuts, onTheme }: CommandPaletteProps) {
  const navigate = useNavigate()
  const { runs } = useRuns()
  const configs = useQuery(RunnerService.method.listConfigs, { pageSize: 500 }).data?.configs ?? []
  const groups: Group[] = [
    {
      value: 'Go to',
      items: [
        { value: 'Run', label: 'Run', keys: 'g r', run: () => void navigate({ to: '/' }) },
        { value: 'Runs', label: 'Runs', keys: 'g l', run: () => void navigate({ to: '/runs' }) },
        { value: 'Data', label: 'Data', keys: 'g d', run: () => void navigate({ to: '/data' }) },
        { value: 'Configs', label: 'Configs', keys: 'g c', run: () => void navigate({ to: '/configs' }) },
      ],
    },
    {
      value: 'Actions',
      items: [
        { value: 'theme', label: 'Switch theme', keys: 't', run: onTheme },
        { value: 'shortcuts', label: 'Show keyboard shortcuts', keys: '?', run: onShortcuts },
        {
          value: 'link',
          label: 'Copy link to this screen',
          run: () => void navigator.clipboard.writeText(window.location.href),
        },
      ],
    },
    {
      value: 'Runs',
      items: runs.slice(0, 200).map((run) => ({
        value: run.runId,
        label: run.runId,
        note: (
          <>
            {symbolOf(run)} <StateBadge job={run} />
          </>
        ),
        run: () => void navigate({ to: '/runs/$runId', params: { runId: run.runId } }),
      })),
    },
    {
      value: 'Configs',
      items: configs.map(({ configId }) => ({
        value: `config ${configId}`,
        label: configId,
        run: () => void navigate({ to: '/configs', search: { config: configId } }),
      })),
    },
  ]
  return (
    <Dialog.Root open onOpenChange={onClose}>
      <Dialog.Portal>
        <Dialog.Backdrop className="fixed inset-0 z-30 bg-ground/70" />
        <Dialog.Popup
          aria-label="Commands"
          className={classNames(
            POPUP,
            'fixed top-[12vh] left-1/2 z-30 w-[min(620px,calc(100vw-32px))] -translate-x-1/2',
          )}
        >
          <Autocomplete.Root
            open
            inline
            items={groups}
            autoHighlight="always"
            itemToStringValue={(command: Command) => command.label}
          >
            <Autocomplete.Input
              aria-label="Find a run, a config or a command"
              placeholder="Find a run, a config or a command"
              className="h-11 w-full border-b border-line bg-transparent px-4 text-base outline-none placeholder:text-faint"
            />
            <Autocomplete.Empty className="px-4 text-sm text-faint not-empty:py-3">No matches</Autocomplete.Empty>
            <Autocomplete.List className="max-h-[52vh] scroll-py-2 overflow-auto p-1.5 empty:hidden">
              {(group: Group) => (
                <Autocomplete.Group key={group.value} items={group.items}>
                  <Autocomplete.GroupLabel className="label px-2 pt-2 pb-1">{group.value}</Autocomplete.GroupLabel>
                  <Autocomplete.Collection>
                    {(command: Command) => (
                      <Autocomplete.Item
                        key={command.value}
                        value={command}
                        onClick={() => {
                          onClose()
                          command.run()
                        }}
                        className={POPUP_ITEM}
                      >
                        <span className={group.value === 'Runs' ? 'figures truncate' : 'truncate'}>
                          {command.label}
                        </span>
                        <span className="ml-auto flex shrink-0 items-center gap-3 text-faint">
                          {command.note}
                          {command.keys !== undefined && <Kbd keys={command.keys} />}
                        </span>
                      </Autocomplete.Item>
                    )}
                  </Autocomplete.Collection>
                </Autocomplete.Group>
              )}
            </Autocomplete.List>
          </Autocomplete.Root>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  )
}
