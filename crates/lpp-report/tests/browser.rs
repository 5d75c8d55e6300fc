//! The page in a real browser: what it draws, what it asks for, how it is operated. Skipped where there is no Chromium.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../lpp-analysis/tests/common/mod.rs"]
mod common;
mod made;

use std::path::Path;

use common::ToyStudy;
use lpp_analysis::load_table;
use lpp_study::ModelKind;
use lpp_tables::number::{compact, correlation, grouped, p_value};
use lpp_tables::{Table, declaration};
use lpp_testkit::Browser;
use made::page_file;
use ndarray::Array2;

/// A picture of a view's canvas, drawn and read in the same step, since WebGL drops what was drawn before: its hash, its
/// number of colours, and the share of points that are not of the commonest colour.
const PICTURE: &str = "(view) => {
  const { nv, canvas } = lppViews[view];
  nv.drawScene();
  const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d');
  copy.drawImage(canvas, 0, 0);
  const points = new Uint32Array(copy.getImageData(0, 0, canvas.width, canvas.height).data.buffer);
  const counts = new Map();
  let hash = 0;
  for (const point of points) { hash = (Math.imul(hash, 31) + point) | 0; counts.set(point, (counts.get(point) || 0) + 1); }
  return { hash, colours: counts.size, painted: 1 - Math.max(...counts.values()) / points.length };
}";

struct Page {
    browser: Browser,
}

impl Page {
    /// The report of a study, opened, its viewer ready; `None` without a browser.
    fn of(toy: &ToyStudy) -> Option<Self> {
        let browser = Browser::start()?;
        let mut page = Self { browser };
        page.browser.set_size(1200, 900, false);
        page.open(&page_file(toy));
        Some(page)
    }

    fn open(&mut self, file: &Path) {
        self.browser.open(file);
        self.browser.wait_for("['ready', 'failed'].includes(document.getElementById('viewer').dataset.state) && window.lppViews");
        assert_eq!(
            self.text("document.getElementById('viewer').dataset.state"),
            "ready"
        );
        self.picture_if_wanted(file);
    }

    /// With `LPP_SCREENSHOTS=FOLDER`, pictures for the eye: desktop, phone, dark.
    fn picture_if_wanted(&mut self, file: &Path) {
        let Some(folder) = std::env::var_os("LPP_SCREENSHOTS") else {
            return;
        };
        let name = std::thread::current().name().unwrap_or("page").replace("::", "-");
        let stem = Path::new(&folder).join(format!("{name}-{}", file.file_stem().unwrap().to_string_lossy()));
        self.browser.screenshot(&stem.with_extension("png"), true);
    }

    fn text(&mut self, expression: &str) -> String {
        self.browser
            .evaluate(expression)
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    fn count(&mut self, expression: &str) -> u64 {
        self.browser.evaluate(expression).as_u64().unwrap()
    }

    fn picture(&mut self, view: &str) -> serde_json::Value {
        self.browser.evaluate(&format!("({PICTURE})({view:?})"))
    }

    /// Sets a control, as a reader would, and waits for the drawing that follows.
    fn choose(&mut self, control: &str, value: &str) {
        let drawn = self.count("Number(document.getElementById('viewer').dataset.drawn)");
        self.browser.evaluate(&format!(
            "(() => {{ const e = document.getElementById({control:?}); e.value = {value:?};
               if (e.value !== {value:?}) throw new Error('no such choice: ' + {value:?});
               for (const kind of ['input', 'change']) e.dispatchEvent(new Event(kind, {{ bubbles: true }})); }})()"
        ));
        self.browser.wait_for(&format!(
            "Number(document.getElementById('viewer').dataset.drawn) > {drawn} && document.getElementById('viewer').dataset.state === 'ready'"
        ));
    }

    /// The page has complained of nothing and asked for nothing but itself.
    fn assert_quiet(&mut self) {
        assert_eq!(self.browser.complaints(), Vec::<String>::new());
        let outside: Vec<String> = self
            .browser
            .requests()
            .into_iter()
            .filter(|url| {
                !url.starts_with("data:") && !url.starts_with("blob:") && !url.ends_with("report/report.html")
            })
            .collect();
        assert_eq!(outside, Vec::<String>::new());
    }

    /// Nothing sticks out of the window sideways.
    fn assert_fits(&mut self) {
        let [content, window] = [
            "document.documentElement.scrollWidth",
            "document.documentElement.clientWidth",
        ]
        .map(|e| self.count(e));
        assert!(content <= window, "{content} > {window}");
    }
}

fn table(toy: &ToyStudy, name: &str) -> Table {
    let path = toy.path().join(format!("results/{name}_en.csv"));
    load_table(&path, declaration(name).unwrap()).unwrap()
}

/// What a table shows in the row of a model.
fn cell(table: &Table, model: &str, column: &str) -> String {
    let row = table
        .texts("model")
        .iter()
        .position(|name| name == model)
        .unwrap();
    table.column(column).unwrap()[row].display()
}

#[test]
fn the_viewer_follows_its_controls() {
    let toy = ToyStudy::full();
    let Some(mut page) = Page::of(&toy) else { return };
    // The largest model is shown first.
    assert_eq!(
        page.text("document.getElementById('left-title').textContent"),
        "llama-l, best layers"
    );
    let first = page.picture("left");
    for view in ["left", "right"] {
        let picture = page.picture(view);
        assert!(
            picture["painted"].as_f64().unwrap() > 0.2 && picture["colours"].as_u64().unwrap() > 20,
            "{view}: {picture}"
        );
    }
    assert_eq!(
        page.picture("left")["hash"],
        first["hash"],
        "the same map twice is the same picture"
    );
    let numbers = "document.getElementById('numbers').innerText";
    let before = page.text(numbers);
    page.choose("model", "3");
    assert_eq!(
        page.text("document.getElementById('left-title').textContent"),
        "gpt2-s, best layers"
    );
    let other = page.picture("left");
    assert_ne!(other["hash"], first["hash"], "another model, another map");
    assert_ne!(page.text(numbers), before, "another model, other numbers");
    page.choose("layer", "0");
    assert_ne!(
        page.picture("left")["hash"],
        other["hash"],
        "another layer, another map"
    );
    let layers = table(&toy, "layers");
    let shown = page.text("document.querySelector('#numbers [data-column=\"score_all\"]').textContent");
    // The first row of a model is that of its embedding, layer 0.
    assert_eq!(shown, cell(&layers, "gpt2-s", "score_all"));
    page.choose("layer", "best");
    assert_eq!(page.picture("left")["hash"], other["hash"], "back again");
    page.choose("model", "7");
    page.choose("threshold", "70");
    assert_ne!(
        page.picture("left")["hash"],
        first["hash"],
        "a threshold hides voxels"
    );
    let lateral = page.picture("right");
    for choice in ["isc", "model-3", "minus-3"] {
        page.choose("beside", choice);
        assert_ne!(page.picture("right")["hash"], lateral["hash"], "{choice}");
    }
    assert!(
        page.text("document.getElementById('right-title').textContent")
            .contains("llama-l, best layers minus gpt2-s")
    );
    page.assert_quiet();
}

#[test]
fn figures_are_set_in_the_font_that_the_page_brings() {
    let Some(mut page) = Page::of(&ToyStudy::full()) else {
        return;
    };
    // Labels were placed by the widths of this font: any other one would let them overlap.
    page.browser
        .wait_for("[...document.fonts].filter((face) => face.family === 'Inter' && face.status === 'loaded').length === 2");
    page.assert_quiet();
}

#[test]
fn the_views_move_together_by_mouse_and_keyboard() {
    let Some(mut page) = Page::of(&ToyStudy::full()) else {
        return;
    };
    let place = |page: &mut Page, view: &str| {
        page.browser.evaluate(&format!("Array.from(lppViews.{view}.nv.frac2mm(lppViews.{view}.nv.scene.crosshairPos)).slice(0, 3).map(Math.round)"))
    };
    assert_eq!(place(&mut page, "left"), place(&mut page, "right"));
    let (start, told) = (
        place(&mut page, "left"),
        page.text("document.getElementById('readout').textContent"),
    );
    page.browser
        .evaluate("document.getElementById('map-canvas').focus()");
    for (key, axis, step) in [("ArrowRight", 0, 4), ("ArrowDown", 1, -4), ("PageUp", 2, 4)] {
        let before = place(&mut page, "left");
        page.browser.press(key);
        let after = place(&mut page, "left");
        // One voxel of 4 mm.
        assert_eq!(
            after[axis].as_i64().unwrap() - before[axis].as_i64().unwrap(),
            step,
            "{key}"
        );
        assert_eq!(after, place(&mut page, "right"), "{key}");
    }
    assert_ne!(page.text("document.getElementById('readout').textContent"), told);
    page.browser.press("Home");
    assert_eq!(place(&mut page, "left"), start);
    page.browser.click_at("#beside-canvas", [0.25, 0.25]);
    assert_ne!(place(&mut page, "right"), start);
    assert_eq!(place(&mut page, "left"), place(&mut page, "right"));
    page.assert_quiet();
}

#[test]
fn numbers_shown_are_those_of_the_tables() {
    let toy = ToyStudy::full();
    let Some(mut page) = Page::of(&toy) else { return };
    let names = page
        .browser
        .evaluate("[...document.querySelectorAll('table.sortable')].map((t) => t.id.slice(6))");
    let names: Vec<&str> = names
        .as_array()
        .unwrap()
        .iter()
        .map(|name| name.as_str().unwrap())
        .collect();
    assert!(names.len() >= 12, "{names:?}");
    for name in names {
        let table = table(&toy, name);
        let shown = page.browser.evaluate(&format!(
            "[...document.querySelectorAll('#table-{name} tbody tr')].map((r) => [...r.cells].map((c) => c.textContent))"
        ));
        assert_eq!(shown.as_array().unwrap().len(), table.n_rows());
        for (row, cells) in table.cells().iter().zip(shown.as_array().unwrap()) {
            for (cell, shown) in row.iter().zip(cells.as_array().unwrap()) {
                let expected = cell.display();
                let missing = expected.is_empty() && !cell.is_text();
                let expected = if missing { "–" } else { &expected };
                assert_eq!(shown.as_str().unwrap(), expected, "{name}");
            }
        }
    }
    let (scaling, baselines, sides) = (
        table(&toy, "scaling"),
        table(&toy, "baselines"),
        table(&toy, "lateralization"),
    );
    for (place, model) in sides.texts("model").iter().enumerate() {
        page.choose("model", &place.to_string());
        let shown = page.browser.evaluate("[...document.querySelectorAll('#numbers dd')].map((d) => [d.dataset.table, d.dataset.column, d.textContent])");
        let shown = shown.as_array().unwrap();
        assert!(shown.len() >= 6, "{model}: {shown:?}");
        for number in shown {
            let (column, text) = (number[1].as_str().unwrap(), number[2].as_str().unwrap());
            let from = match (
                number[0].as_str().unwrap(),
                scaling.texts("model").contains(model),
            ) {
                ("scaling", true) => &scaling,
                ("scaling", false) => &baselines,
                _ => &sides,
            };
            assert_eq!(text, cell(from, model, column), "{model}, {column}");
        }
    }
    page.assert_quiet();
}

#[test]
fn headline_numbers_are_those_of_the_tables() {
    let toy = ToyStudy::full();
    let Some(mut page) = Page::of(&toy) else { return };
    let cards = page.text("document.querySelector('.cards').textContent");
    let regression = table(&toy, "scaling_regression");
    let (r, p) = (
        regression.numbers("r")[0].unwrap(),
        regression.numbers("p")[0].unwrap(),
    );
    let best = table(&toy, "scaling")
        .numbers("score_reliable")
        .into_iter()
        .flatten()
        .fold(0.0, f64::max);
    #[expect(clippy::cast_possible_truncation, reason = "a count of voxels")]
    let n_voxels = grouped(table(&toy, "summary").numbers("value")[0].unwrap() as i64);
    for text in [
        correlation(r).replace(" = ", "\u{a0}=\u{a0}"),
        p_value(p).replace(" = ", "\u{a0}=\u{a0}"),
        compact(best),
        n_voxels,
    ] {
        assert!(cards.contains(&text), "{text}: {cards}");
    }
}

#[test]
fn tables_sort_by_click_and_by_key() {
    let toy = ToyStudy::full();
    let Some(mut page) = Page::of(&toy) else { return };
    let column = |page: &mut Page| -> Vec<f64> {
        let values = page.browser.evaluate("[...document.querySelectorAll('#table-lateralization tbody tr')].map((r) => Number(r.cells[4].dataset.v))");
        values
            .as_array()
            .unwrap()
            .iter()
            .map(|value| value.as_f64().unwrap())
            .collect()
    };
    page.browser
        .evaluate("document.getElementById('table-lateralization').closest('details').open = true");
    assert!(!column(&mut page).is_sorted());
    let head = "#table-lateralization th:nth-child(5) button";
    page.browser.click(head);
    assert!(column(&mut page).is_sorted());
    let sort = "document.querySelector('#table-lateralization th:nth-child(5)').getAttribute('aria-sort')";
    assert_eq!(page.text(sort), "ascending");
    page.browser
        .evaluate(&format!("document.querySelector({head:?}).focus()"));
    page.browser.press("Enter");
    assert!(column(&mut page).is_sorted_by(|a, b| a >= b));
    assert_eq!(page.text(sort), "descending");
    assert!(
        page.text("document.getElementById('sorted').textContent")
            .contains("descending")
    );
    page.browser.press(" ");
    assert!(column(&mut page).is_sorted());
    page.assert_quiet();
}

#[test]
fn the_page_keeps_to_itself() {
    let hostile = "<img src=x onerror=alert(1)></script><script>document.title='broken'</script>";
    let toy = ToyStudy::full().with_model("gpt2-x", ModelKind::Model, Some(9_000), 0.1, 0.0);
    let sidecar = toy.path().join("scores/gpt2-x_en.json");
    let text = std::fs::read_to_string(&sidecar).unwrap();
    std::fs::write(
        &sidecar,
        text.replace("\"family\": \"gpt2\"", &format!("\"family\": {hostile:?}")),
    )
    .unwrap();
    let Some(mut page) = Page::of(&toy) else { return };
    assert!(page.text("document.title").starts_with("Brain scores"));
    assert_eq!(
        page.count("document.querySelectorAll('img, [onerror]').length"),
        0
    );
    assert!(
        page.text("document.getElementById('table-scaling').textContent")
            .contains("<img src=x")
    );
    page.assert_quiet();
    // The policy holds for whatever might get in: no request, no script but its own.
    assert_eq!(
        page.text("fetch('file:///etc/hostname').then(() => 'fetched', () => 'refused')"),
        "refused"
    );
    page.browser.evaluate("(() => { const s = document.createElement('script'); s.textContent = 'window.intruder = 1'; document.body.append(s); })()");
    assert!(page.browser.evaluate("window.intruder").is_null());
    assert!(
        page.browser
            .complaints()
            .iter()
            .any(|line| line.contains("Content Security Policy"))
    );
}

#[test]
fn the_page_fits_a_phone() {
    let Some(mut page) = Page::of(&ToyStudy::full()) else {
        return;
    };
    for (width, height) in [(390, 844), (320, 568)] {
        page.browser.set_size(width, height, true);
        page.browser
            .evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })");
        page.assert_fits();
        assert_eq!(
            page.count("document.documentElement.clientWidth"),
            u64::from(width)
        );
        // Tables scroll inside their boxes.
        assert!(page.count("[...document.querySelectorAll('.wide')].filter((box) => box.scrollWidth > box.clientWidth).length") > 0);
        // The whole of each figure is seen; on request it is larger, and scrolls in its box.
        let cut = "[...document.querySelectorAll('.drawing')].filter((box) => box.scrollWidth > box.clientWidth).length";
        assert_eq!(page.count(cut), 0);
        page.browser
            .evaluate("document.querySelectorAll('.larger input').forEach((box) => { box.checked = true; })");
        assert_eq!(
            page.count(cut),
            page.count("document.querySelectorAll('.drawing').length")
        );
        page.browser.evaluate(
            "document.querySelectorAll('.larger input').forEach((box) => { box.checked = false; })",
        );
        // Controls are large enough for a finger: 24 CSS pixels, WCAG 2.2, 2.5.8.
        let small = "[...document.querySelectorAll('#viewer select, #viewer button, #viewer input[type=range]')].filter((e) => e.offsetHeight < 24).length";
        assert_eq!(page.count(small), 0);
    }
    page.assert_quiet();
}

#[test]
fn text_stands_out_and_everything_is_named() {
    let Some(mut page) = Page::of(&ToyStudy::full()) else {
        return;
    };
    page.browser
        .evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })");
    // Contrast by WCAG 2, of every element with text of its own, to the nearest background that is painted.
    let faint = "(() => {
      const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
      const light = (c) => { const [r, g, b] = c.map((x) => { x /= 255; return x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4; });
        return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
      const behind = (e) => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > 0) return c; }
        return [255, 255, 255]; };
      const faint = [];
      let n = 0;
      for (const e of document.querySelectorAll('body *')) {
        if (e.closest('svg, script, canvas, noscript, [hidden]') || ![...e.childNodes].some((t) => t.nodeType === 3 && t.data.trim())) continue;
        if (e.matches(':disabled, option, optgroup')) continue;
        n += 1;
        const [a, b] = [light(rgb(getComputedStyle(e).color).slice(0, 3)), light(behind(e).slice(0, 3))];
        const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        if (ratio < 4.5) faint.push(`${e.tagName} ${e.textContent.slice(0, 30)} ${ratio.toFixed(2)}`);
      }
      return n < 100 ? [`only ${n} elements`] : faint;
    })()";
    for dark in [false, true] {
        page.browser.set_dark(dark);
        assert_eq!(
            page.browser.evaluate(faint),
            serde_json::json!([]),
            "dark: {dark}"
        );
    }
    let unnamed = "[...document.querySelectorAll('canvas, svg[role=img], section, nav, [role=region], [role=group]')].filter((e) => !e.closest('[hidden]') && !(e.getAttribute('aria-label')
        || document.getElementById(e.getAttribute('aria-labelledby'))?.textContent)).map((e) => e.outerHTML.slice(0, 80))";
    assert_eq!(page.browser.evaluate(unnamed), serde_json::json!([]));
    let label = page.text("document.getElementById('map-canvas').getAttribute('aria-label')");
    assert!(
        label.contains("llama-l") && label.contains("Score, all voxels 0."),
        "{label}"
    );
    assert_eq!(page.text("document.documentElement.lang"), "en");
    for landmark in ["header", "nav", "main", "footer"] {
        assert_eq!(
            page.count(&format!(
                "document.querySelectorAll('body > {landmark}, header > {landmark}').length"
            )),
            1
        );
    }
    // Each control has a label.
    assert_eq!(
        page.count(
            "[...document.querySelectorAll('select, input')].filter((e) => e.labels.length === 0).length"
        ),
        0
    );
    page.assert_quiet();
}

#[test]
fn odd_studies_are_shown() {
    let one = ToyStudy::new().with_model("only", ModelKind::Model, Some(1_000), 0.1, 0.01);
    let mut nan = Array2::from_elem((2, one.n_voxels()), 0.1_f32);
    nan.column_mut(3).fill(f32::NAN);
    nan.row_mut(1).fill(f32::NAN);
    let nan = ToyStudy::full().with_scores("gpt2-nan", ModelKind::Model, Some(7_000), nan);
    let all_nan = Array2::from_elem((1, one.n_voxels()), f32::NAN);
    let empty = ToyStudy::new().with_scores("gpt2-empty", ModelKind::Model, Some(7_000), all_nan);
    let baselines = ToyStudy::new().with_model("glove", ModelKind::Baseline, None, 0.1, 0.0);
    let few = ToyStudy::new()
        .with_isc()
        .with_model("gpt2-a", ModelKind::Model, Some(1_000), 0.1, 0.0)
        .with_model("gpt2-b", ModelKind::Model, Some(2_000), 0.2, 0.0);
    let Some(mut page) = Page::of(&one) else { return };
    page.assert_quiet();
    for toy in [&nan, &empty, &baselines, &few] {
        page.open(&page_file(toy));
        page.assert_fits();
        assert!(!page.text("document.body.innerText").contains("NaN"));
        page.assert_quiet();
    }
}

#[test]
fn two_hundred_models_are_shown() {
    let toy = (0..200_u32).fold(ToyStudy::new().with_isc(), |toy, number| {
        let size = 1_000_000 * u64::from(number + 1);
        toy.with_model(
            &format!("family{}-with-a-long-name-{number}", number % 12),
            ModelKind::Model,
            Some(size),
            0.1 + f64::from(number) / 1000.0,
            0.01,
        )
    });
    let Some(mut page) = Page::of(&toy) else { return };
    assert_eq!(
        page.count("document.querySelectorAll('#model option').length"),
        200
    );
    page.assert_fits();
    page.browser.set_size(390, 844, true);
    page.assert_fits();
    page.choose("model", "17");
    assert!(page.picture("left")["painted"].as_f64().unwrap() > 0.1);
    page.assert_quiet();
}

#[test]
fn a_dark_page_is_drawn_dark() {
    let Some(mut page) = Page::of(&ToyStudy::full()) else {
        return;
    };
    let light = page.picture("left");
    page.browser.set_dark(true);
    page.browser
        .wait_for("getComputedStyle(document.body).backgroundColor !== 'rgb(255, 255, 255)'");
    page.browser.wait_for("lppViews.left.nv.opts.backColor[0] < 0.5");
    assert_ne!(page.picture("left")["hash"], light["hash"]);
    page.assert_quiet();
}
