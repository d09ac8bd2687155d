import { CircleX, ShieldCheck } from 'lucide-react'
import type { ReactNode } from 'react'

import {
  type Divergence,
  type FieldDifference,
  type InputChange,
  RunInput,
  Verdict as Outcome,
  type Verification,
} from '@/gen/tickreel/v1/verification_pb'
import { formatCount } from '@/ui/format/count'
import { formatInstant, instantOf } from '@/ui/format/instant'

import { FindingList } from '../live/finding-list'

interface VerdictProps {
  verification: Verification
  /** Selects an order of the verified run. */
  onOrder?: ((id: bigint) => void) | undefined
}

/** Verdict of a verification: equal, or the first difference and the changed inputs. */
export function Verdict({ verification, onOrder }: VerdictProps) {
  const { verdict, orders, fills, inputs, divergence, summary, recordedDigest, resultDigest, findings } = verification
  if (verdict === Outcome.EQUAL) {
    return (
      <>
        <p className="flex items-start gap-2">
          <ShieldCheck size={15} aria-hidden className="mt-0.5 shrink-0 text-accent" />
          <span>
            <span className="font-medium text-accent">Equal.</span>{' '}
            {`Executed again: all ${formatCount(orders)} orders, ${formatCount(fills)} fills and the account are the same.`}
          </span>
        </p>
        {inputs.length > 0 && (
          <p className="pl-6 text-xs text-muted">
            {'Inputs changed since, without effect: '}
            {inputs.map(({ input, name, recorded, present }, index) => (
              <span key={`${input} ${name}`} title={`${recorded || 'unknown'}\n${present || 'missing'}`}>
                {index > 0 && ', '}
                {INPUTS[input]} <span className="figures text-text">{name}</span>
              </span>
            ))}
          </p>
        )}
        {findings.length > 0 && <FindingList findings={findings} />}
      </>
    )
  }
  return (
    <>
      <p className="flex items-start gap-2">
        <CircleX size={15} aria-hidden className="mt-0.5 shrink-0 text-danger" />
        <span>
          <span className="font-medium text-danger">Different.</span> {firstDifference(divergence, summary.length > 0)}
          {divergence && onOrder && (
            <button
              type="button"
              className="ml-2 text-accent hover:underline"
              onClick={() => {
                onOrder(divergence.orderId)
              }}
            >
              Show order
            </button>
          )}
        </span>
      </p>
      <div className="grid gap-x-8 gap-y-2 sm:pl-6 md:grid-cols-2">
        {inputs.length > 0 ? <Inputs inputs={inputs} /> : <p className="text-muted">No input has changed since.</p>}
        {divergence && divergence.fields.length > 0 && (
          <Differences title={nameOf(divergence)} differences={divergence.fields} />
        )}
        {summary.length > 0 && <Differences title="Summary" differences={summary} />}
        {recordedDigest !== resultDigest && (
          <Differences
            title="Outcome digest"
            differences={[{ name: 'result', recorded: recordedDigest.slice(0, 16), again: resultDigest.slice(0, 16) }]}
          />
        )}
      </div>
      {findings.length > 0 && <FindingList findings={findings} />}
    </>
  )
}

function firstDifference(divergence: Divergence | undefined, figures: boolean): string {
  if (divergence === undefined) return figures ? 'Summary figures differ.' : 'The outcome differs.'
  const at = divergence.ts ? `, at ${formatInstant(instantOf(divergence.ts), 'us')} UTC` : ''
  const missing = divergence.order === undefined ? ' It is missing in the new execution.' : ''
  return `${nameOf(divergence)} is the first that differs${at}.${missing}`
}

function nameOf({ orderId, fillId }: Divergence): string {
  return fillId > 0n ? `Fill ${formatCount(fillId)} of order ${formatCount(orderId)}` : `Order ${formatCount(orderId)}`
}

const INPUTS: Record<RunInput, string> = {
  [RunInput.UNSPECIFIED]: 'input',
  [RunInput.CONFIG]: 'config',
  [RunInput.DATA]: 'data',
  [RunInput.ENGINE]: 'engine',
  [RunInput.CODE]: 'code',
}

function Inputs({ inputs }: { inputs: readonly InputChange[] }) {
  return (
    <Table title="Changed inputs">
      {inputs.map(({ input, name, recorded, present }) => (
        <Row
          key={`${input} ${name}`}
          name={`${INPUTS[input]} ${name}`}
          before={recorded || 'unknown'}
          after={present || 'gone'}
        />
      ))}
    </Table>
  )
}

interface DifferencesProps {
  title: string
  differences: readonly Pick<FieldDifference, 'name' | 'recorded' | 'again'>[]
}

function Differences({ title, differences }: DifferencesProps) {
  return (
    <Table title={title}>
      {differences.map(({ name, recorded, again }) => (
        <Row key={name} name={name.replaceAll('_', ' ')} before={recorded || 'none'} after={again || 'none'} />
      ))}
    </Table>
  )
}

function Table({ title, children }: { title: string; children: ReactNode }) {
  return (
    <table className="w-full table-fixed text-xs">
      <thead>
        <tr className="h-6 text-left text-faint [&>th]:font-normal">
          <th scope="col" className="font-medium!">
            {title}
          </th>
          <th scope="col">recorded</th>
          <th scope="col">now</th>
        </tr>
      </thead>
      <tbody>{children}</tbody>
    </table>
  )
}

function Row({ name, before, after }: { name: string; before: string; after: string }) {
  return (
    <tr className="h-6 border-t border-line [&>*]:truncate [&>*]:pr-3">
      <th scope="row" className="text-left font-normal text-muted" title={name}>
        {name}
      </th>
      <td className="figures" title={before}>
        {abbreviated(before)}
      </td>
      <td className="figures" title={after}>
        {abbreviated(after)}
      </td>
    </tr>
  )
}

/** The text with digests shortened to a comparable length. */
function abbreviated(text: string): string {
  return text.replace(/[0-9a-f]{40,}/g, (digest) => digest.slice(0, 12))
}
