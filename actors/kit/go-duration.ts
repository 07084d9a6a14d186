// Durations as Go writes and reads them (`1m20s`, `95ms`): messages of Kubernetes' components carry them, and people
// write them in annotations.

const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** E.g. 95 → `95ms`, 1_500 → `1.5s`, 80_000 → `1m20s`, 300_000 → `5m0s`. */
export function formatDuration(ms: number): string {
  if (ms < 1_000) return ms === 0 ? '0s' : `${ms}ms`;
  const hours = Math.floor(ms / 3_600_000);
  const minutes = Math.floor((ms % 3_600_000) / 60_000);
  const seconds = `${(ms % 60_000) / 1_000}s`;
  if (hours > 0) return `${hours}h${minutes}m${seconds}`;
  return minutes > 0 ? `${minutes}m${seconds}` : seconds;
}

/** Milliseconds, or undefined where the text is no duration: `500ms`, `3s`, `1.5s`, `1m30s`, `0`. */
export function parseDuration(text: string): number | undefined {
  if (text === '0') return 0;
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text)) return undefined;
  let ms = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g))
    ms += Number(amount) * (units[unit ?? ''] ?? 0);
  return Math.round(ms);
}
