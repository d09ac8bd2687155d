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

interface VerdictProps {
  verification: Verification
  /** Shows an order of the run that was verified. */
  onOrder?: ((id: bigint) => void) | undefined
}

/** Whether a run came out the same again; else the first thing that did not, and which inputs have changed since. */
export function Verdict({ verification, onOrder }: VerdictProps) {
  const { verdict, orders, fills, inputs, divergence, summary, recordedDigest, resultDigest } = verification
  if (verdict === Outcome.EQUAL) {
    return (
      <>
        <p className="flex items-start gap-2">
          <ShieldCheck size={15} aria-hidden className="mt-0.5 shrink-0 text-accent" />
          <span>
            <span className="font-medium text-accent">Equal.</span>{' '}
            {`Executed again, all ${formatCount(orders)} orders and ${formatCount(fills)} fills came out the same, and so did the account.`}
          </span>
        </p>
        {inputs.length > 0 && (
          <p className="pl-6 text-xs text-muted">
            {'Changed since, without making a difference: '}
            {inputs.map(({ input, name, recorded, present }, index) => (
              <span key={`${input} ${name}`} title={`${recorded || 'not known'}\n${present || 'gone'}`}>
                {index > 0 && ', '}
                {INPUTS[input]} <span className="figures text-text">{name}</span>
              </span>
            ))}
          </p>
        )}
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
              Show it
            </button>
          )}
        </span>
      </p>
      <div className="grid gap-x-8 gap-y-2 sm:pl-6 md:grid-cols-2">
        {inputs.length > 0 ? (
          <Inputs inputs={inputs} />
        ) : (
          <p className="text-muted">
            No input has changed since: a file of the result was changed, or what ran is not deterministic.
          </p>
        )}
        {divergence && divergence.fields.length > 0 && (
          <Differences title={nameOf(divergence)} differences={divergence.fields} />
        )}
        {summary.length > 0 && <Differences title="Summary" differences={summary} />}
        {recordedDigest !== resultDigest && (
          <Differences
            title="Digest of the outcome"
            differences={[{ name: 'result', recorded: recordedDigest.slice(0, 16), again: resultDigest.slice(0, 16) }]}
          />
        )}
      </div>
    </>
  )
}

function firstDifference(divergence: Divergence | undefined, figures: boolean): string {
  if (divergence === undefined)
    return figures ? 'Figures of the summary came out otherwise.' : 'The outcome is another.'
  const at = divergence.ts ? `, at ${formatInstant(instantOf(divergence.ts), 'us')} UTC` : ''
  const only = divergence.order === undefined ? ' It did not come out again.' : ''
  return `${nameOf(divergence)} is the first that came out otherwise${at}.${only}`
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
    <Table title="What has changed since">
      {inputs.map(({ input, name, recorded, present }) => (
        <Row
          key={`${input} ${name}`}
          name={`${INPUTS[input]} ${name}`}
          before={recorded || 'not known'}
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

/** A text with its digests as far as people compare them. */
function abbreviated(text: string): string {
  return text.replace(/[0-9a-f]{40,}/g, (digest) => digest.slice(0, 12))
}
