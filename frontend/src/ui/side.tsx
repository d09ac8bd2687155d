/** Buy or sell, marked by shape and colour. */
export function Side({ side }: { side: 'buy' | 'sell' }) {
  return side === 'buy' ? <span className="text-buy">▲ buy</span> : <span className="text-sell">▼ sell</span>
}
