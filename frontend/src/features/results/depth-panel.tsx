import { useEffect, useState } from 'react'

import type { Viewport } from '@/charts/viewport'
import { useViewport } from '@/charts/viewport'
import { CatalogService } from '@/gen/tickreel/v1/catalog_service_pb'
import type { DepthLevel, DepthSnapshot } from '@/gen/tickreel/v1/market_data_pb'
import { RpcError } from '@/rpc/rpc-error'
import { useClient } from '@/rpc/use-client'
import { formatDecimal } from '@/ui/format/decimal'
import { formatTime, instantOf, secondsAndNanos } from '@/ui/format/instant'

/** Rest time of the crosshair before the book is requested, in milliseconds. */
const REST = 60

/** Book at the crosshair, or at the right edge without one: asks above, bids below. */
export function DepthPanel({ viewport, instrument }: { viewport: Viewport; instrument: string }) {
  const catalog = useClient(CatalogService)
  const at = useViewport(viewport, ({ crosshair, span }) => crosshair ?? span.to)
  const [depth, setDepth] = useState<DepthSnapshot>()
  const [error, setError] = useState<RpcError>()
  useEffect(() => {
    const controller = new AbortController()
    const { signal } = controller
    const timer = setTimeout(() => {
      catalog
        .getDepthSnapshot({ instrumentId: instrument, at: secondsAndNanos(viewport.instant(at)) }, { signal })
        .then((response) => {
          setDepth(response.depth)
          setError(undefined)
        })
        .catch((cause: unknown) => {
          if (!signal.aborted) setError(RpcError.from(cause))
        })
    }, REST)
    return () => {
      clearTimeout(timer)
      controller.abort()
    }
  }, [catalog, viewport, instrument, at])

  const sizes = [...(depth?.bids ?? []), ...(depth?.asks ?? [])].map(({ size }) => Number(size))
  const most = Math.max(...sizes, 0)
  return (
    <section aria-label="Book" className="border-b border-line py-2">
      <header className="flex items-baseline justify-between px-4 pb-1">
        <h2 className="label">Book</h2>
        <span className="figures text-2xs text-faint">
          {depth?.tsInit && formatTime(instantOf(depth.tsInit), 'us')}
        </span>
      </header>
      {depth ? (
        <table className="w-full text-xs">
          <caption className="sr-only">Prices and sizes, best ask and bid in the middle</caption>
          <thead className="sr-only">
            <tr>
              <th scope="col">Price</th>
              <th scope="col">Size</th>
            </tr>
          </thead>
          <tbody>
            {depth.asks.toReversed().map((level) => (
              <Level key={`ask ${level.price}`} level={level} side="sell" most={most} />
            ))}
          </tbody>
          <tbody className="border-t border-line">
            {depth.bids.map((level) => (
              <Level key={`bid ${level.price}`} level={level} side="buy" most={most} />
            ))}
          </tbody>
        </table>
      ) : (
        <p className="px-4 text-xs text-faint">
          {error ? error.message : 'Hover over the charts to see the book at that time.'}
        </p>
      )}
    </section>
  )
}

function Level({ level, side, most }: { level: DepthLevel; side: 'buy' | 'sell'; most: number }) {
  const share = most === 0 ? 0 : (Number(level.size) / most) * 100
  const tint = `color-mix(in srgb, var(--${side}) 18%, transparent)`
  return (
    <tr
      className="figures h-5"
      style={{ background: `linear-gradient(to left, ${tint} ${share}%, transparent ${share}%)` }}
    >
      <td className={`pl-4 ${side === 'buy' ? 'text-buy' : 'text-sell'}`}>{formatDecimal(level.price)}</td>
      <td className="pr-4 text-right">{formatDecimal(level.size)}</td>
    </tr>
  )
}
