import { describe, expect, it } from "vitest";
import type { Affine, Point } from "./coords";
import { boxOf, type Ring } from "./polygon";
import { handlesOf, type Roi, type RoiShape, shapeFromCorners } from "./roi";
import { type Drag, endDrag, extendDrag, shapeDuring } from "./roiDrag";
import { runRoiKey, verticesAfterKey } from "./roiKeys";
import type { RoiItem, RoiLayerProps } from "./roiScene";
import { handleViews, labelPlace } from "./roiView";
import type { ViewerImage } from "./stack";

const SIZE = { columns: 200, rows: 100 };

function made(shape: RoiShape | null): RoiShape {
  if (shape === null) throw new Error("nothing was made");
  return shape;
}

const rectangle = made(shapeFromCorners("rectangle", [20, 10], [60, 30], SIZE));

function boxAfter(drag: Drag, to: Point) {
  const end = endDrag(drag, to, SIZE);
  return end.state === "shape" ? boxOf(end.shape.vertices) : end.state;
}

describe("drawing", () => {
  it("a rectangle needs its two corners only", () => {
    const drag: Drag = { act: "draw", kind: "rectangle", path: [[20, 10]] };
    expect(extendDrag(drag, [[30, 30]])).toBe(drag);
    expect(shapeDuring(drag, [60, 30], SIZE)).toEqual(rectangle);
    expect(endDrag(drag, [60, 30], SIZE)).toEqual({ state: "shape", shape: rectangle });
  });

  it("a freehand outline is the whole way, open until the hand lets go", () => {
    const begun: Drag = { act: "draw", kind: "freehand", path: [[20, 10]] };
    const drag = extendDrag(extendDrag(begun, [[60, 10]]), [
      [60, 30],
      [20, 30],
    ]);
    expect(shapeDuring(drag, [20, 30], SIZE)?.vertices).toHaveLength(4);
    expect(boxAfter(drag, [20, 30])).toEqual({ left: 20, top: 10, right: 60, bottom: 30 });
  });

  it("too little is nothing, and a figure of eight is said to be one", () => {
    const draw = (...path: Point[]): Drag => ({ act: "draw", kind: "freehand", path });
    expect(boxAfter({ act: "draw", kind: "ellipse", path: [[20, 10]] }, [20.4, 40])).toBe(
      "nothing",
    );
    expect(boxAfter(draw([20, 10], [21, 11]), [21, 11])).toBe("nothing");
    expect(boxAfter(draw([0, 0], [40, 40], [40, 0], [0, 40]), [0, 40])).toBe("self_crossing");
  });
});

describe("changing", () => {
  it("moves by the way of the hand, from wherever it took hold", () => {
    const drag: Drag = { act: "move", shape: rectangle, from: [33.3, 22] };
    expect(boxAfter(drag, [38.3, 18])).toEqual({ left: 25, top: 6, right: 65, bottom: 26 });
    expect(boxAfter(drag, [33.3, 22])).toBe("nothing");
  });

  it("a handle keeps its distance from the hand", () => {
    // taken hold of 1.5 px beside the right edge
    const drag: Drag = {
      act: "bend",
      shape: rectangle,
      handle: 3,
      handleCount: 8,
      from: [61.5, 22],
    };
    expect(boxAfter(drag, [71.5, 90])).toEqual({ left: 20, top: 10, right: 70, bottom: 30 });
  });

  it("an outline bent through itself cannot be kept", () => {
    const outline: Ring = [
      [20, 10],
      [60, 10],
      [60, 50],
      [20, 50],
    ];
    const shape: RoiShape = { kind: "freehand", vertices: outline };
    const drag: Drag = { act: "bend", shape, handle: 0, handleCount: 24, from: [20, 10] };
    expect(boxAfter(drag, [90, 40])).toBe("self_crossing");
    expect(boxAfter(drag, [10, 5])).toMatchObject({ left: 10, top: 5 });
  });
});

describe("keys", () => {
  const upright: Affine = [2, 0, 0, 0, 8, 0];
  const turnedRight: Affine = [0, -8, 800, 2, 0, 0]; // columns run down, rows to the left
  const mirrored: Affine = [-2, 0, 400, 0, 8, 0];

  function boxAfterKey(actionId: string, imageToCanvas: Affine) {
    const vertices = verticesAfterKey(actionId, rectangle, { imageToCanvas, size: SIZE });
    return vertices && boxOf(vertices);
  }

  it("go one pixel or ten where the arrow points on the screen", () => {
    expect(boxAfterKey("roi.by1Right", upright)).toMatchObject({ left: 21, right: 61, top: 10 });
    expect(boxAfterKey("roi.by10Down", upright)).toMatchObject({ left: 20, top: 20, bottom: 40 });
    expect(boxAfterKey("roi.by1Right", mirrored)).toMatchObject({ left: 19, right: 59 });
    expect(boxAfterKey("roi.by1Right", turnedRight)).toMatchObject({ left: 20, top: 9 });
    expect(boxAfterKey("roi.by1Up", turnedRight)).toMatchObject({ left: 19, top: 10 });
  });

  it("at any angle move along two different axes", () => {
    for (let degrees = 0; degrees < 360; degrees += 5) {
      const [c, s] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
      const turned: Affine = [2 * c, -8 * s, 0, 2 * s, 8 * c, 0];
      const across = boxAfterKey("roi.by1Right", turned);
      const down = boxAfterKey("roi.by1Down", turned);
      const changes = (box: typeof across) => [Number(box?.left !== 20), Number(box?.top !== 10)];
      expect(changes(across).toReversed()).toEqual(changes(down));
    }
  });

  it("grow and shrink along what is width and height on the screen", () => {
    expect(boxAfterKey("roi.by1Wider", upright)).toMatchObject({ left: 19.5, right: 60.5 });
    expect(boxAfterKey("roi.by10Wider", turnedRight)).toMatchObject({ top: 5, bottom: 35 });
    expect(boxAfterKey("roi.by1Shorter", upright)).toMatchObject({ top: 10.5, bottom: 29.5 });
    expect(boxAfterKey("viewer.invert", upright)).toBeNull();
  });

  const image = { ...SIZE, sopInstanceUid: "1.2", frameNumber: 1 } as unknown as ViewerImage;
  const roi: Roi = {
    ...rectangle,
    roiId: "a",
    finding: "nodule",
    sopInstanceUid: "1.2",
    frameNumber: 1,
    laterality: "",
  };
  const item: RoiItem = { roi, label: "", tone: "own", isSelected: true, isReadOnly: false };

  function calls(actionId: string, items: RoiItem[]) {
    const log: string[] = [];
    const rois: RoiLayerProps = {
      items,
      onChange: (roiId, vertices, phase) => log.push(`${roiId} ${boxOf(vertices).left} ${phase}`),
      onSelect: (roiId) => log.push(`select ${roiId}`),
      onDelete: (roiId) => log.push(`delete ${roiId}`),
    };
    const isDone = runRoiKey(rois, { image, imageToCanvas: upright }, actionId);
    return [isDone, ...log];
  }

  it("change the selected region on the screen and no other", () => {
    const other = { ...item, isSelected: false, roi: { ...roi, roiId: "b" } };
    expect(calls("roi.by1Right", [other, item])).toEqual([true, "a 21 end"]);
    expect(calls("roi.delete", [other, item])).toEqual([true, "delete a"]);
    expect(calls("roi.deselect", [other, item])).toEqual([true, "select null"]);
    expect(calls("roi.by1Right", [other])).toEqual([false]);
  });

  it("leave alone what is signed or on another frame", () => {
    expect(calls("roi.delete", [{ ...item, isReadOnly: true }])).toEqual([false]);
    expect(calls("roi.by1Right", [{ ...item, roi: { ...roi, frameNumber: 2 } }])).toEqual([false]);
  });
});

describe("on the screen", () => {
  const large: Affine = [4, 0, 0, 0, 8, 0]; // the rectangle is 160 x 160 CSS pixels, from 80, 80

  it("a box has eight handles with the arrows of their directions", () => {
    const views = handleViews(rectangle, large);
    expect(views.map(({ x, y }) => [x, y])).toEqual(
      handlesOf(rectangle).map(([x, y]) => [4 * x, 8 * y]),
    );
    expect(views.map(({ cursor }) => cursor)).toEqual([
      "nwse-resize",
      "ns-resize",
      "nesw-resize",
      "ew-resize",
      "nwse-resize",
      "ns-resize",
      "nesw-resize",
      "ew-resize",
    ]);
  });

  it("a small one has four, outside of it, so that its middle can be taken hold of", () => {
    const views = handleViews(rectangle, [0.5, 0, 0, 0, 1, 0]); // 20 x 20 from 10, 10
    expect(views.map(({ index }) => index)).toEqual([0, 2, 4, 6]);
    for (const { x, y } of views) {
      expect(Math.hypot(x - 20, y - 20)).toBeCloseTo(Math.hypot(10, 10) + 12, 6);
    }
  });

  it("a freehand outline has as many as there is room for", () => {
    const vertices = made(shapeFromCorners("ellipse", [20, 10], [60, 30], SIZE)).vertices;
    const shape: RoiShape = { kind: "freehand", vertices };
    expect(handleViews(shape, [0.5, 0, 0, 0, 0.5, 0])).toHaveLength(4);
    expect(handleViews(shape, [40, 0, 0, 0, 40, 0])).toHaveLength(24);
  });

  it("the label stands above, or within where there is no room, and never outside", () => {
    expect(labelPlace(rectangle.vertices, large, 1000)).toEqual({ x: 80, y: 72, anchor: "start" });
    expect(labelPlace(rectangle.vertices, [4, 0, -100, 0, 8, -90], 1000)).toEqual({
      x: 16,
      y: 24,
      anchor: "start",
    });
    expect(labelPlace(rectangle.vertices, [4, 0, 700, 0, 8, 0], 1000)).toMatchObject({
      x: 940,
      anchor: "end",
    });
  });
});
