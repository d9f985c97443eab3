/* What the bulletin does in the browser: goes to the chosen area, draws charts out of the tables on the page, changes the
   view of a question, and hands out a table as a CSV file. It asks no network for anything. */
(function () {
  "use strict";
  document.documentElement.classList.add("js");
  var LETTERS = "abcdefg";
  var madeUp = "";

  function all(selector, within) { return Array.prototype.slice.call((within || document).querySelectorAll(selector)); }
  function words(node) { return node.textContent.replace(/\s+/g, " ").trim(); }

  /* A table of the page as the figures that it shows. */
  function read(table) {
    var heads = all("thead th", table);
    var lines = all("tbody tr", table);
    return {
      along: words(heads[0]),
      labels: lines.map(function (line) { return words(line.cells[0]); }),
      series: heads.slice(1).map(function (head, column) {
        return {
          name: words(head), group: "all" in head.dataset ? "All" : words(head),
          code: head.dataset.code || table.dataset.area, area: head.dataset.code ? words(head) : table.dataset.name,
          unit: head.dataset.unit || table.dataset.unit, measure: head.dataset.unit ? words(head) : table.dataset.measure,
          compared: "compared" in head.dataset, undrawn: "undrawn" in head.dataset,
          cells: lines.map(function (line) {
            var cell = line.cells[column + 1];
            return "value" in cell.dataset
              ? { value: Number(cell.dataset.value), shown: words(cell) }
              : { value: null, shown: words(cell) };
          })
        };
      })
    };
  }

  function seriesClass(series, index) { return "s-" + (series.compared ? "compared" : LETTERS[index % LETTERS.length]); }
  function plain(value) { return value.toLocaleString("en-GB"); }

  function legend(place, figures, bars) {
    place.textContent = "";
    if (figures.series.length < 2) { return; }
    figures.series.forEach(function (series, index) {
      var item = document.createElement("span");
      var sign = document.createElementNS("http://www.w3.org/2000/svg", "svg");
      sign.setAttribute("viewBox", "0 0 36 14");
      var line = document.createElementNS("http://www.w3.org/2000/svg", "line");
      [["x1", 0], ["x2", 36], ["y1", 7], ["y2", 7], ["stroke-width", bars ? 12 : 3], ["class", seriesClass(series, index)]]
        .forEach(function (pair) { line.setAttribute(pair[0], pair[1]); });
      if (bars) { line.style.strokeDasharray = "none"; }
      sign.appendChild(line);
      item.appendChild(sign);
      item.appendChild(document.createTextNode(series.name));
      place.appendChild(item);
    });
  }

  function tell(element, text) {
    var title = document.createElementNS("http://www.w3.org/2000/svg", "title");
    title.textContent = text;
    element._node.appendChild(title);
  }

  function markMadeUp(context) {
    if (!madeUp) { return; }
    context.svg.elem("text", { x: context.chartRect.x1, y: 11 }, "mark").text("MADE-UP DATA");
  }

  /* A curve has points at its own times only; lines and bars have a place for every period. */
  function points(series, labels) {
    return series.cells.map(function (cell, index) { return { x: Number(labels[index]), y: cell.value, index: index }; })
      .filter(function (point) { return point.y !== null; });
  }

  function dressed(figures, empty, curve) {
    return figures.series.map(function (series, index) {
      return { name: series.name, className: seriesClass(series, index) + "-group", data: curve ? points(series, figures.labels) : series.cells.map(function (cell) { return cell.value === null ? empty : cell.value; }) };
    });
  }

  function drawLines(place, figures, curve) {
    var width = place.clientWidth || 640;
    var longest = Math.max.apply(null, figures.series.map(function (series) { return series.name.length; }));
    var aside = figures.series.length > 1 && figures.series.length < 7 && width >= 560 && longest <= 26;
    var shown = place.parentNode.querySelector(".legend");
    shown.hidden = aside;
    shown.style.display = aside ? "none" : "";
    var right = aside ? longest * 8 + 50 : 30;
    var space = Math.max(62, 14 + 8.5 * Math.max.apply(null, figures.labels.map(function (label) { return label.length; })));
    var step = Math.ceil(figures.labels.length / Math.max(2, Math.floor((width - 70 - right) / space)));
    var last = figures.labels.length - 1;
    var ends = [];
    place.classList.add("of-lines");
    var years = { showGrid: false, labelInterpolationFnc: function (label, index) { return (last - index) % step === 0 ? label : null; } };
    var since = { type: Chartist.AutoScaleAxis, onlyInteger: true, low: 0, scaleMinSpace: 40, showGrid: false, labelInterpolationFnc: plain };
    var chart = new Chartist.LineChart(place, { labels: figures.labels, series: dressed(figures, null, curve) }, {
      low: 0, height: "300px", fullWidth: true, lineSmooth: Chartist.Interpolation.none({ fillHoles: false }),
      chartPadding: { top: 22, right: right, bottom: 5, left: 10 },
      axisX: curve ? since : years,
      axisY: { offset: 50, scaleMinSpace: 36, onlyInteger: whole(figures), labelInterpolationFnc: plain }
    });
    chart.on("draw", function (drawn) {
      if (drawn.type !== "line" && drawn.type !== "point") { return; }
      var series = figures.series[drawn.seriesIndex];
      drawn.element.addClass(seriesClass(series, drawn.seriesIndex));
      if (drawn.type === "point") {
        var at = curve ? points(series, figures.labels)[drawn.index].index : drawn.index;
        tell(drawn.element, series.name + ", " + figures.labels[at] + ": " + series.cells[at].shown);
        ends[drawn.seriesIndex] = { y: drawn.y, name: series.name, className: seriesClass(series, drawn.seriesIndex) };
      }
    });
    chart.on("created", function (context) {
      markMadeUp(context);
      if (!aside) { return; }
      var floor = -Infinity;
      ends.filter(Boolean).sort(function (one, other) { return one.y - other.y; }).forEach(function (end) {
        floor = Math.max(end.y + 5, floor + 18);
        var from = context.chartRect.x2 + 12;
        context.svg.elem("line", { x1: from, x2: from + 24, y1: floor - 5, y2: floor - 5, "stroke-width": 3 }, end.className);
        context.svg.elem("text", { x: from + 30, y: floor }).text(end.name);
      });
      ends = [];
    });
    return chart;
  }

  function whole(figures) {
    return Math.max.apply(null, figures.series.map(function (series) {
      return Math.max.apply(null, series.cells.map(function (cell) { return cell.value || 0; }));
    })) >= 5;
  }

  function drawBars(place, figures) {
    var width = place.clientWidth || 640;
    var longest = Math.max.apply(null, figures.labels.map(function (label) { return label.length; }));
    var many = figures.series.length;
    place.classList.add("of-bars");
    place.classList.toggle("two", many > 1);
    var chart = new Chartist.BarChart(place, { labels: figures.labels, series: dressed(figures, 0) }, {
      low: 0, horizontalBars: true, reverseData: true, seriesBarDistance: 17,
      height: figures.labels.length * (many > 1 ? 52 : 34) + 60 + "px",
      chartPadding: { top: 22, right: 64, bottom: 5, left: 0 },
      axisX: { scaleMinSpace: 70, onlyInteger: whole(figures), labelInterpolationFnc: plain },
      axisY: { offset: Math.min(longest * 8 + 16, width * 0.42), showGrid: false }
    });
    chart.on("draw", function (drawn) {
      if (drawn.type !== "bar") { return; }
      /* reverseData turns round the series as well as the categories. */
      var index = many - 1 - drawn.seriesIndex;
      var series = figures.series[index];
      var cell = series.cells[figures.labels.length - 1 - drawn.index];
      drawn.element.addClass(seriesClass(series, index));
      if (cell.value === null) {
        drawn.group.elem("text", { x: drawn.x1 + 6, y: drawn.y1 + 5 }, "absent").text(cell.shown);
        return;
      }
      tell(drawn.element, series.name + ", " + figures.labels[figures.labels.length - 1 - drawn.index] + ": " + cell.shown);
      drawn.group.elem("text", { x: drawn.x2 + 6, y: drawn.y2 + 5 }).text(cell.shown);
    });
    chart.on("created", markMadeUp);
    return chart;
  }

  function draw(view) {
    var place = view.querySelector(".chart");
    if (!place || place.drawn) { return; }
    var figures = read(document.getElementById(place.dataset.table));
    figures.series = figures.series.filter(function (series) { return !series.undrawn; });
    all("tbody tr", document.getElementById(place.dataset.table)).map(function (line) { return "undrawn" in line.dataset; })
      .reduceRight(function (_, undrawn, index) {
        if (!undrawn) { return; }
        figures.labels.splice(index, 1);
        figures.series.forEach(function (series) { series.cells.splice(index, 1); });
      }, null);
    var bars = place.dataset.kind === "bars";
    legend(view.querySelector(".legend"), figures, bars);
    place.drawn = bars ? drawBars(place, figures) : drawLines(place, figures, place.dataset.kind === "curve");
  }

  function choose(question, id) {
    all(".view", question).forEach(function (view) {
      view.classList.toggle("chosen", view.id === id);
      view.classList.toggle("passed", view.id !== id);
      if (view.id === id) { draw(view); }
    });
  }

  function quoted(value) { return /[",\r\n]/.test(value) ? '"' + value.replace(/"/g, '""') + '"' : value; }

  /* The table as tidy CSV: a line for each figure, which says of what, where and when it is, and that it is made up. */
  function tidy(table) {
    var figures = read(table);
    var head = ["area_code", "area_name", "measure", "unit", figures.along.toLowerCase(), "group", "value", "note"];
    var ofYear = table.dataset.year;
    if (ofYear) { head.splice(4, 0, "year"); }
    if (madeUp) { head.push("data"); }
    var lines = [head];
    figures.series.forEach(function (series) {
      series.cells.forEach(function (cell, index) {
        var line = [series.code, series.area, series.measure, series.unit, figures.labels[index], series.group,
          cell.value === null ? "" : String(cell.value), cell.value === null ? cell.shown : ""];
        if (ofYear) { line.splice(4, 0, ofYear); }
        if (madeUp) { line.push("MADE-UP DATA"); }
        lines.push(line);
      });
    });
    return lines.map(function (line) { return line.map(quoted).join(","); }).join("\r\n") + "\r\n";
  }

  function download(table) {
    var link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob(["\ufeff" + tidy(table)], { type: "text/csv;charset=utf-8" }));
    link.download = (madeUp ? "made-up-data-" : "") + (table.dataset.area + "-" + table.id.replace(/-table$/, ""))
      .toLowerCase().replace(/[^a-z0-9-]+/g, "-") + ".csv";
    document.body.appendChild(link);
    link.click();
    link.remove();
    setTimeout(function () { URL.revokeObjectURL(link.href); }, 1000);
  }

  function start() {
    madeUp = document.body.dataset.madeUp || "";
    var said = document.getElementById("said");
    var opened = [];
    all("details[open]").forEach(function (details) { details.open = false; });
    all("[data-choose]").forEach(function (form) {
      form.addEventListener("submit", function (event) {
        event.preventDefault();
        window.location.href = form.querySelector("select").value;
      });
    });
    all(".question").forEach(function (question) {
      var first = question.querySelector(".view");
      if (!first) { return; }
      var chosen = question.querySelector(".views input:checked");
      choose(question, chosen ? chosen.value : first.id);
      all(".views input", question).forEach(function (input) {
        input.addEventListener("change", function () {
          choose(question, input.value);
          said.textContent = words(document.getElementById(input.value + "-answer"));
        });
      });
    });
    all("[data-download]").forEach(function (button) {
      button.addEventListener("click", function () { download(document.getElementById(button.dataset.download)); });
    });
    window.addEventListener("beforeprint", function () {
      opened = all("details:not([open])");
      opened.forEach(function (details) { details.open = true; });
    });
    window.addEventListener("afterprint", function () {
      opened.forEach(function (details) { details.open = false; });
    });
  }

  document.addEventListener("DOMContentLoaded", start);
})();
