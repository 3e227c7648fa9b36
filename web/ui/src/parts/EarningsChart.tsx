import { useComputedColorScheme } from '@mantine/core';
import { AreaSeries, createChart, type IChartApi, type ISeriesApi, type UTCTimestamp } from 'lightweight-charts';
import { useEffect, useRef } from 'react';

import type { SeriesPoint } from '../lib/types';

const height_px = 280;

/** The one place where an amount becomes a double: pixels of a chart. */
function to_chart_data(points: SeriesPoint[]) {
  const by_second = new Map<number, number>();
  for (const point of points) by_second.set(Math.floor(Date.parse(point.at) / 1000), Number(point.total));
  return [...by_second].sort(([a], [b]) => a - b).map(([time, value]) => ({ time: time as UTCTimestamp, value }));
}

export function EarningsChart({ points, label }: { points: SeriesPoint[]; label: string }) {
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<IChartApi | null>(null);
  const series = useRef<ISeriesApi<'Area'> | null>(null);
  const dark = useComputedColorScheme('light') === 'dark';

  useEffect(() => {
    if (box.current === null) return;
    const made = createChart(box.current, {
      height: height_px,
      autoSize: true,
      layout: { background: { color: 'transparent' }, textColor: dark ? '#c9c9c9' : '#495057', attributionLogo: true },
      grid: { vertLines: { visible: false }, horzLines: { color: dark ? '#2e2e2e' : '#e9ecef' } },
      rightPriceScale: { borderVisible: false, scaleMargins: { top: 0.15, bottom: 0.1 } },
      timeScale: { borderVisible: false, timeVisible: true, secondsVisible: false },
      handleScroll: false,
      handleScale: false,
    });
    chart.current = made;
    series.current = made.addSeries(AreaSeries, {
      lineColor: '#0c8599', topColor: 'rgba(12, 133, 153, 0.35)', bottomColor: 'rgba(12, 133, 153, 0.02)', lineWidth: 2,
      priceFormat: { type: 'price', precision: 4, minMove: 0.0001 },
    });
    return () => {
      chart.current = null;
      series.current = null;
      made.remove();
    };
  }, [dark]);

  useEffect(() => {
    series.current?.setData(to_chart_data(points));
    chart.current?.timeScale().fitContent();
  }, [points, dark]);

  return <figure aria-label={label} style={{ margin: 0 }}><div ref={box} style={{ height: height_px }} /></figure>;
}
