"use strict";
(async () => {
  const root = document.getElementById("viewer");
  if (!root) return;
  const at = (id) => document.getElementById(id);
  const say = (text) => { at("viewer-status").textContent = text; at("viewer-status").hidden = text === ""; };
  const study = JSON.parse(at("study-maps").textContent);
  const dark = matchMedia("(prefers-color-scheme: dark)");

  // --- What the file holds -------------------------------------------------------------------------------------

  const inflate = async (text, format) => {
    const packed = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream(format));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  };

  // One value per voxel of the mask; NaN where there is none.
  const kept = new Map();
  const values = async (packed) => {
    if (kept.has(packed)) return kept.get(packed);
    const planes = await inflate(packed, "deflate");
    const n = planes.length / 2;
    const map = new Float32Array(n);
    let level = 0;
    for (let voxel = 0; voxel < n; voxel++) {
      const code = planes[voxel] | planes[n + voxel] << 8;
      level = (level + ((code >>> 1) ^ -(code & 1))) << 16 >> 16;
      map[voxel] = level === -32768 ? NaN : level * study.step;
    }
    if (kept.size > 40) kept.delete(kept.keys().next().value);
    kept.set(packed, map);
    return map;
  };

  // --- Geometry ------------------------------------------------------------------------------------------------

  const [nx, ny, nz] = study.shape;
  const world = ([i, j, k]) => study.affine.slice(0, 3).map((row) => row[0] * i + row[1] * j + row[2] * k + row[3]);
  const places = []; // [i, j, k] of each voxel of the mask, x slowest as in the tables
  const voxelAt = new Int32Array(nx * ny * nz).fill(-1); // the other way, x fastest as in images
  let mirror = null;
  const readMask = async () => {
    const inside = await inflate(study.mask, "deflate");
    inside.forEach((yes, flat) => {
      if (!yes) return;
      const place = [Math.floor(flat / (ny * nz)), Math.floor(flat / nz) % ny, flat % nz];
      voxelAt[place[0] + nx * (place[1] + ny * place[2])] = places.length;
      places.push(place);
    });
    const key = (mm) => mm.map((x) => Math.round(x * 10)).join();
    const byPlace = new Map(places.map((place, voxel) => [key(world(place)), voxel]));
    mirror = places.map((place) => {
      const [x, y, z] = world(place);
      return byPlace.get(key([-x, y, z])) ?? -1;
    });
  };

  const nifti = (image) => {
    const view = new DataView(new ArrayBuffer(352 + 4 * image.length));
    const sizes = [0, 1, 2].map((axis) => Math.hypot(...study.affine.slice(0, 3).map((row) => row[axis])));
    view.setInt32(0, 348, true);
    [3, nx, ny, nz, 1, 1, 1, 1].forEach((n, i) => view.setInt16(40 + 2 * i, n, true));
    view.setInt16(70, 16, true); // 32-bit floats
    view.setInt16(72, 32, true);
    [1, ...sizes].forEach((mm, i) => view.setFloat32(76 + 4 * i, mm, true));
    view.setFloat32(108, 352, true);
    view.setFloat32(112, 1, true);
    view.setUint8(123, 2); // millimetres
    view.setInt16(254, 4, true); // template space, by the rows of the affine
    study.affine.slice(0, 3).flat().forEach((x, i) => view.setFloat32(280 + 4 * i, x, true));
    [0x6e, 0x2b, 0x31, 0].forEach((byte, i) => view.setUint8(344 + i, byte));
    new Float32Array(view.buffer, 352).set(image);
    return view.buffer;
  };

  // --- Maps ----------------------------------------------------------------------------------------------------

  const best = (map) => map.reduce((top, value) => (value > top ? value : top), 0);
  const difference = (map) => map.map((value, voxel) => {
    const opposite = mirror[voxel];
    return opposite < 0 || world(places[voxel])[0] >= 0 ? NaN : value - map[opposite];
  });

  // A map with how it is to be shown: signed ones in two colours, all with one scale for the whole study.
  const score = (map, title) => ({ map, title, signed: false, top: study.largest });
  const lateral = (map, title) => ({ map, title, signed: true, top: study.largestDifference });

  // --- Drawing -------------------------------------------------------------------------------------------------

  const rgb = (colour) => colour.startsWith("#")
    ? [1, 3, 5].map((i) => parseInt(colour.slice(i, i + 2), 16))
    : colour.match(/\d+/g).map(Number);
  const ramp = (colours) => {
    const parts = colours.map(rgb);
    const steps = parts.map((_, i) => Math.round(255 * i / (parts.length - 1)));
    const channel = (i) => [parts[0], ...parts].map((part) => part[i]);
    // The lowest of 256 levels, where voxels outside the mask are too, is transparent.
    return { R: channel(0), G: channel(1), B: channel(2), A: [0, ...parts.map(() => 255)], I: [0, 1, ...steps.slice(1)], min: 0, max: 0, labels: [] };
  };
  const paper = () => getComputedStyle(document.body).backgroundColor;
  const unit = (colour) => [...rgb(colour).slice(0, 3).map((x) => x / 255), 1];

  const makeView = async (canvas) => {
    const nv = new niivue.Niivue({
      backColor: unit(paper()), fontColor: dark.matches ? [0.9, 0.92, 0.95, 1] : [0.1, 0.12, 0.15, 1],
      crosshairColor: dark.matches ? [0.6, 0.78, 1, 0.9] : [0.12, 0.35, 0.8, 0.9], crosshairWidth: 0.8, crosshairWidthUnit: "mm", show3Dcrosshair: true, isColorbar: true, colorbarHeight: 0.035,
      colorbarMargin: 0.02, fontMinPx: 12, dragAndDropEnabled: false, scrollRequiresFocus: true, loadingText: "",
      multiplanarLayout: 2, multiplanarShowRender: 1, multiplanarForceRender: true, sliceType: 3, logLevel: "error",
    });
    nv.addColormap("lpp-score", ramp(study.colours.score));
    nv.addColormap("lpp-left", ramp(["#f6d9cf", study.colours.left, "#7d2d1c"]));
    nv.addColormap("lpp-right", ramp(["#cdeae5", study.colours.right, "#135048"]));
    paintMask(nv);
    await nv.attachToCanvas(canvas, true);
    canvas.parentElement.style.backgroundColor = "";
    const mask = new Float32Array(voxelAt.length).map((_, flat) => (voxelAt[flat] < 0 ? 0 : 1));
    nv.addVolume(await niivue.NVImage.new(nifti(mask), "mask.nii", "lpp-mask", 1, null, 0, 1));
    nv.volumes[0].colorbarVisible = false;
    nv.addVolume(await niivue.NVImage.new(nifti(mask), "map.nii", "lpp-score", 1, null, 0.1, 1));
    nv.setRenderAzimuthElevation(250, 15);
    // Keys are ours (see below): those of the library would open dialogues.
    for (const kind of ["keydown", "keyup"]) {
      canvas.parentElement.addEventListener(kind, (event) => { onKey(kind, event, nv); event.stopPropagation(); }, true);
    }
    return { nv, canvas, shown: null };
  };

  const paintMask = (nv) => {
    const level = dark.matches ? "#3d4651" : "#d3d8de";
    nv.addColormap("lpp-mask", ramp([paper(), level]));
  };

  const draw = (view, threshold) => {
    const { map, signed } = view.shown;
    const volume = view.nv.volumes[1];
    const image = volume.img;
    voxelAt.forEach((voxel, flat) => { image[flat] = voxel < 0 || Number.isNaN(map[voxel]) ? 0 : map[voxel]; });
    const top = Math.max(scaleOf(view.shown), 1e-6);
    // What is exactly zero, or outside, is never painted.
    const from = Math.max(Math.min(threshold, top * 0.999), top * 1e-4);
    Object.assign(volume, {
      cal_min: from, cal_max: top, cal_minNeg: signed ? -from : NaN, cal_maxNeg: signed ? -top : NaN, colormapType: 1,
      colormapNegative: signed ? "lpp-right" : "",
    });
    volume._colormap = signed ? "lpp-left" : "lpp-score";
    view.nv.updateGLVolume();
    view.nv.drawScene();
  };

  const scaleOf = (shown) => {
    const own = at("own-scale").checked || !(shown.top > 0);
    return own ? best(shown.signed ? shown.map.map(Math.abs) : shown.map) : shown.top;
  };

  // --- Position ------------------------------------------------------------------------------------------------

  let left = null;
  let right = null;
  const follow = (from, to) => {
    to.scene.crosshairPos = to.mm2frac(from.frac2mm(from.scene.crosshairPos));
    to.scene.pan2Dxyzmm = from.scene.pan2Dxyzmm.slice();
    to.scene.renderAzimuth = from.scene.renderAzimuth;
    to.scene.renderElevation = from.scene.renderElevation;
    to.scene.volScaleMultiplier = from.scene.volScaleMultiplier;
    to.drawScene();
  };
  const currentVoxel = () => {
    const place = Array.from(left.nv.frac2vox(left.nv.scene.crosshairPos)).map(Math.round);
    if (place.some((n, axis) => n < 0 || n >= study.shape[axis])) return { place, voxel: -1 };
    return { place, voxel: voxelAt[place[0] + nx * (place[1] + ny * place[2])] };
  };
  const signedText = (value, digits) => value.toFixed(digits).replace("-", "\u2212");
  const read = (shown, voxel) => {
    if (voxel < 0) return "outside the mask";
    const value = shown.map[voxel];
    return Number.isNaN(value) ? "no value" : signedText(value, 3);
  };
  const tell = () => {
    if (!left?.shown || !right?.shown) return;
    const { place, voxel } = currentVoxel();
    const mm = world(place).map((x) => signedText(x, 0));
    at("readout").textContent = `x ${mm[0]}, y ${mm[1]}, z ${mm[2]} mm: ${left.shown.title} ${read(left.shown, voxel)}; ` +
      `${right.shown.title} ${read(right.shown, voxel)}`;
  };
  const moveTo = (place) => {
    left.nv.scene.crosshairPos = left.nv.vox2frac(place);
    left.nv.drawScene();
    follow(left.nv, right.nv);
    tell();
  };
  const strongest = () => {
    const { map } = left.shown;
    const voxel = map.reduce((top, value, at) => (top < 0 || value > map[top] ? (Number.isNaN(value) ? top : at) : top), -1);
    if (voxel >= 0) moveTo(places[voxel]);
  };
  const steps = {
    ArrowLeft: [-1, 0, 0], ArrowRight: [1, 0, 0], ArrowUp: [0, 1, 0], ArrowDown: [0, -1, 0], PageUp: [0, 0, 1], PageDown: [0, 0, -1],
  };
  const onKey = (kind, event) => {
    if (kind !== "keydown" || event.ctrlKey || event.altKey || event.metaKey) return;
    const step = steps[event.key];
    if (step) {
      const { place } = currentVoxel();
      // Steps go by world axes: the grid may run the other way.
      const to = place.map((n, axis) => n + step[axis] * Math.sign(study.affine[axis][axis] || 1));
      moveTo(to.map((n, axis) => Math.min(Math.max(n, 0), study.shape[axis] - 1)));
    } else if (event.key === "Home") strongest();
    else return;
    event.preventDefault();
  };

  // --- Choices -------------------------------------------------------------------------------------------------

  const option = (value, text, disabled = false) => Object.assign(document.createElement("option"), { value, textContent: text, disabled });
  const group = (label, options) => {
    const element = Object.assign(document.createElement("optgroup"), { label });
    element.append(...options);
    return element;
  };
  const KINDS = [["model", "Language models"], ["untrained", "Untrained models"], ["baseline", "Baselines"]];
  const modelGroups = (prefix) => KINDS.map(([kind, label]) => group(label, study.models.flatMap((model, i) =>
    model.kind === kind ? [option(prefix + i, model.map ? model.name : `${model.name} (not in this file)`, !model.map)] : [])))
    .filter((element) => element.children.length > 0);
  const fillLayers = (select, model) => {
    const before = select.value;
    select.replaceChildren(option("best", "best layers"), ...model.layers.flatMap((layer, i) =>
      layer.map ? [option(String(i), i === 0 && model.layers.length > 1 ? "0 (embedding)" : String(i))] : []));
    select.value = [...select.options].some((choice) => choice.value === before) ? before : "best";
    select.disabled = select.options.length < 2;
  };
  const packedMap = (model, layer) => (layer === "best" ? model.map : model.layers[Number(layer)].map);
  const layerName = (layer) => (layer === "best" ? "best layers" : `layer ${layer}`);

  const showNumbers = (list, title, model, layer) => {
    title.textContent = `${model.name}, ${layerName(layer)}`;
    const [labels, texts] = layer === "best"
      ? [study.labels.best, model.numbers]
      : [study.labels.layer, model.layers[Number(layer)].numbers];
    list.replaceChildren(...labels.flatMap(([label, table, column], i) => {
      if (texts[i] === null) return [];
      const box = document.createElement("div");
      const term = Object.assign(document.createElement("dt"), { textContent: label });
      const value = Object.assign(document.createElement("dd"), { textContent: texts[i] });
      value.dataset.table = table;
      value.dataset.column = column;
      box.append(term, value);
      return [box];
    }));
  };

  const thresholdOf = (view, slider, output) => {
    const top = scaleOf(view.shown);
    const value = top * slider.value / 100;
    output.textContent = value.toFixed(3);
    slider.setAttribute("aria-valuetext", value.toFixed(3));
    return value;
  };
  const describe = (view, title, numbers) => {
    const first = [...numbers.querySelectorAll("div")].map((box) => `${box.firstChild.textContent} ${box.lastChild.textContent}`);
    const top = best(view.shown.map);
    view.canvas.setAttribute("aria-label", `${title}, slices and three-dimensional view; largest value ${top.toFixed(3)}` +
      (first.length ? `; ${first.join("; ")}` : ""));
  };
  const redraw = () => {
    draw(left, thresholdOf(left, at("threshold"), at("threshold-value")));
    draw(right, thresholdOf(right, at("beside-threshold"), at("beside-threshold-value")));
    tell();
    root.dataset.drawn = String(Number(root.dataset.drawn || 0) + 1);
  };

  // Choices may come faster than maps are unpacked: only the last one is shown.
  let turn = 0;
  const update = async () => {
    const mine = ++turn;
    root.dataset.state = "busy";
    const model = study.models[Number(at("model").value)];
    fillLayers(at("layer"), model);
    const layer = at("layer").value;
    const map = await values(packedMap(model, layer));
    const name = `${model.name}, ${layerName(layer)}`;
    const [kind, number] = at("beside").value.split("-");
    const other = kind === "model" || kind === "minus" ? study.models[Number(number)] : null;
    if (other) fillLayers(at("beside-layer"), other);
    else at("beside-layer").replaceChildren(option("best", "–")), at("beside-layer").disabled = true;
    const otherLayer = at("beside-layer").value;
    const otherMap = other ? await values(packedMap(other, otherLayer)) : null;
    const isc = kind === "isc" ? await values(study.isc) : null;
    if (mine !== turn) return;
    left.shown = score(map, name);
    const otherName = other && `${other.name}, ${layerName(otherLayer)}`;
    right.shown = {
      lr: () => lateral(difference(map), "L − R"),
      isc: () => ({ ...score(isc, "inter-subject correlation"), top: best(isc) }),
      model: () => score(otherMap, otherName),
      minus: () => lateral(map.map((value, voxel) => value - otherMap[voxel]), `minus ${otherName}`),
    }[kind]();
    at("left-title").textContent = name;
    at("right-title").textContent = { lr: `${name}: left minus right`, isc: "Inter-subject correlation", model: otherName, minus: `${name} minus ${otherName}` }[kind];
    showNumbers(at("numbers"), at("numbers-title"), model, layer);
    const besideNumbers = at("beside-numbers");
    besideNumbers.parentElement.hidden = !other;
    besideNumbers.replaceChildren();
    if (other) showNumbers(besideNumbers, at("beside-numbers-title"), other, otherLayer);
    redraw();
    describe(left, `Score map of ${name}`, at("numbers"));
    describe(right, at("right-title").textContent, besideNumbers);
    root.dataset.state = "ready";
  };

  // --- Start ---------------------------------------------------------------------------------------------------

  const shownModels = study.models.filter((model) => model.map);
  if (shownModels.length === 0) { root.dataset.state = "failed"; say("This file holds no score maps."); return; }
  if (!("DecompressionStream" in window) || !document.createElement("canvas").getContext("webgl2")) {
    root.dataset.state = "failed";
    say("This browser cannot draw the maps (WebGL 2 and DecompressionStream are needed). The figures below show some of them.");
    return;
  }
  try {
    const script = document.createElement("script");
    script.textContent = new TextDecoder().decode(await inflate(at("niivue-packed").textContent, "gzip"));
    document.head.append(script);
    await readMask();
    at("model").append(...modelGroups(""));
    at("beside").append(option("lr", "L − R of the same map"), ...(study.isc ? [option("isc", "inter-subject correlation")] : []),
      ...modelGroups("model-"), ...modelGroups("minus-").map((element) => Object.assign(element, { label: `Difference from: ${element.label}` })));
    // The largest trained model comes first: models are in the order of their size.
    const trained = study.models.map((model, i) => [model, i]).filter(([model]) => model.map && model.kind === "model");
    at("model").value = String(trained.length ? trained.at(-1)[1] : study.models.findIndex((model) => model.map));
    left = await makeView(at("map-canvas"));
    right = await makeView(at("beside-canvas"));
    left.nv.broadcastTo(right.nv, { "2d": true, "3d": true });
    right.nv.broadcastTo(left.nv, { "2d": true, "3d": true });
    left.nv.onLocationChange = right.nv.onLocationChange = tell;
    for (const id of ["model", "layer", "beside", "beside-layer"]) at(id).addEventListener("change", update);
    for (const id of ["threshold", "beside-threshold"]) at(id).addEventListener("input", redraw);
    at("own-scale").addEventListener("change", redraw);
    const smooth = () => [left, right].forEach(({ nv }) => nv.setInterpolation(!at("smooth").checked));
    at("smooth").addEventListener("change", smooth);
    at("slices").addEventListener("change", () => [left, right].forEach(({ nv }) => nv.setSliceType(Number(at("slices").value))));
    at("strongest").addEventListener("click", strongest);
    dark.addEventListener("change", () => [left, right].forEach(({ nv }) => {
      paintMask(nv);
      nv.opts.backColor = unit(paper());
      nv.opts.fontColor = dark.matches ? [0.9, 0.92, 0.95, 1] : [0.1, 0.12, 0.15, 1];
      nv.updateGLVolume();
      nv.drawScene();
    }));
    smooth();
    await update();
    strongest();
    say("");
    // For a look from the console, and for tests.
    window.lppViews = { left, right };
  } catch (error) {
    root.dataset.state = "failed";
    say(`The viewer could not start (${error.message}). The figures below show some of the maps.`);
    console.error(error);
  }
})();
