// Draws each [data-chart] from the JSON inside it: by day, columns and a line on two axes; by group, bars; as a
// stack, layers that together are a whole; as lines, one for each name.
// The tooltip is drawn on the canvas, since the page's policy allows no styles in markup.

const css = getComputedStyle(document.documentElement);
const colour = (name) => css.getPropertyValue(name).trim();
const palette = ["--gold", "--sea", "--vermilion"].map(colour);
const text = { fontFamily: css.getPropertyValue("--sans"), color: colour("--ink-soft") };

const shared = (data) => ({
  animation: false,
  color: palette,
  textStyle: text,
  legend: { data: data.series.map((one) => one.name), top: 0, left: "center", itemWidth: 14, itemHeight: 10 },
  tooltip: {
    trigger: "axis",
    renderMode: "richText",
    confine: true,
    axisPointer: { type: "shadow" },
    valueFormatter: (value) => `${Number(value).toLocaleString("zh-CN", { maximumFractionDigits: 2 })} ${data.unit}`,
  },
});

// More days than this get a slider to look closer.
const FEW_DAYS = 45;
const zoom = {
  type: "slider",
  height: 20,
  bottom: 4,
  borderColor: "transparent",
  backgroundColor: colour("--ground"),
  fillerColor: "rgba(14, 90, 87, 0.10)",
  handleStyle: { color: colour("--sea"), borderColor: colour("--sea") },
  moveHandleSize: 0,
  dataBackground: { lineStyle: { opacity: 0 }, areaStyle: { color: colour("--line"), opacity: 1 } },
  selectedDataBackground: { lineStyle: { opacity: 0 }, areaStyle: { color: colour("--sea"), opacity: 0.25 } },
};

const split = { lineStyle: { color: colour("--line") } };

const namesOf = (data, line) => data.series.filter((one) => one.line === line).map((one) => one.name).join("、");

function byDay(data) {
  return {
    ...shared(data),
    grid: { left: 8, right: 8, top: 48, bottom: data.labels.length > FEW_DAYS ? 44 : 8, containLabel: true },
    dataZoom: data.labels.length > FEW_DAYS ? [zoom] : [],
    xAxis: { type: "category", data: data.labels, axisLabel: { formatter: (day) => day.slice(5).replace("-", "/") }, axisTick: { show: false } },
    yAxis: [
      { type: "value", name: `${namesOf(data, false)}（${data.unit}）`, nameTextStyle: { align: "left" }, splitLine: split },
      { type: "value", name: `${namesOf(data, true)}（${data.unit}）`, nameTextStyle: { align: "right" }, splitLine: { show: false } },
    ],
    series: data.series.map((one) =>
      one.line
        ? { name: one.name, type: "line", yAxisIndex: 1, data: one.values, symbol: "none", lineStyle: { width: 2 } }
        : { name: one.name, type: "bar", data: one.values, barMaxWidth: 14 },
    ),
  };
}

function byGroup(data) {
  return {
    ...shared(data),
    grid: { left: 8, right: 48, top: 36, bottom: 8, containLabel: true },
    xAxis: { type: "value", name: data.unit, splitLine: split },
    yAxis: { type: "category", inverse: true, data: data.labels, axisTick: { show: false }, axisLabel: { width: 150, overflow: "truncate" } },
    series: data.series.map((one) => ({ name: one.name, type: "bar", data: one.values, barMaxWidth: 12 })),
  };
}

// Layers from what is gone to what is still free.
const layers = ["--sea", "--vermilion", "--gold", "--line"].map(colour);
const many = [...palette, "#7a6ff0", "#5b8c5a", "#b05f8a", "#8a6d3b"];

function overDays(data, stacked) {
  return {
    ...shared(data),
    color: stacked ? layers : many,
    tooltip: { ...shared(data).tooltip, axisPointer: { type: "line" } },
    grid: { left: 8, right: 16, top: 40, bottom: data.labels.length > FEW_DAYS ? 44 : 8, containLabel: true },
    dataZoom: data.labels.length > FEW_DAYS ? [zoom] : [],
    xAxis: { type: "category", boundaryGap: false, data: data.labels, axisLabel: { formatter: (day) => day.slice(5).replace("-", "/") }, axisTick: { show: false } },
    yAxis: { type: "value", splitLine: split },
    series: data.series.map((one) => ({
      name: one.name,
      type: "line",
      data: one.values,
      symbol: "none",
      ...(stacked ? { stack: "all", areaStyle: { opacity: 0.85 }, lineStyle: { width: 0 } } : { lineStyle: { width: 2 } }),
    })),
  };
}

const drawings = {
  days: byDay,
  groups: byGroup,
  stack: (data) => overDays(data, true),
  lines: (data) => overDays(data, false),
};

for (const box of document.querySelectorAll("[data-chart]")) {
  const data = JSON.parse(box.querySelector("script").textContent);
  const canvas = document.createElement("div");
  canvas.className = "chart__canvas";
  if (data.kind === "groups") canvas.style.height = `${Math.max(180, 70 + data.labels.length * data.series.length * 15)}px`;
  box.append(canvas);
  const chart = window.echarts.init(canvas);
  chart.setOption(drawings[data.kind](data));
  new ResizeObserver(() => chart.resize()).observe(canvas);
}
