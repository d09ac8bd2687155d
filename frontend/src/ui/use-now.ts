import { useEffect, useState } from 'react'

/** The page's clock in milliseconds, updated at an interval; for ages and remaining times. */
export function useNow(milliseconds = 1_000): number {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    const timer = setInterval(() => {
      setNow(Date.now())
    }, milliseconds)
    return () => {
      clearInterval(timer)
    }
  }, [milliseconds])
  return now
}
