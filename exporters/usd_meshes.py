"""Meshes of a GLB file as prims of a USD stage with Z up: visible ones with materials, colliders, instances."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from worldgen.exporters.glb_copy import TextureFolder
from worldgen.exporters.glb_reader import GlbFile
from worldgen.exporters.glb_writer import Json
from worldgen.frames import Frame, axes_from, rotate_vectors

LOOKS = "/World/Looks"

_STAGE_FROM_FILE = axes_from(Frame.RFU, Frame.RUB)
_UV_SETS = {"TEXCOORD_0": "st", "TEXCOORD_1": "st1"}


def matrix_of(transform: NDArray[np.float64]) -> Any:
    """A (4, 4) transform of column vectors as USD's matrix of row vectors."""
    from pxr import Gf

    return Gf.Matrix4d(*(float(value) for value in transform.T.ravel()))


@dataclass(slots=True)
class MeshStage:
    """A stage that meshes are added to; every material and picture is written once."""

    stage: Any
    textures: TextureFolder
    _materials: dict[int, Any] = field(default_factory=dict)

    def define_class(self, path: str, label: str) -> None:
        """Define the class prim of an asset."""
        from pxr import UsdGeom

        prim = self.stage.CreateClassPrim(path)
        prim.SetTypeName("Xform")
        UsdGeom.Scope.Define(self.stage, f"{path}/Mesh")
        _label(prim, label)

    def add_visible(self, source: GlbFile, mesh: int, path: str) -> None:
        """Add a mesh, each primitive as a prim with its material."""
        for number, primitive in enumerate(source.item("meshes", mesh).get("primitives", [])):
            shape = self._add_mesh(source, primitive, f"{path}/Part_{number}")
            self._add_looks(source, primitive, shape)

    def add_collider(
        self, source: GlbFile, mesh: int, path: str, *, approximation: str, is_solid: bool, primitive: int = 0
    ) -> Any:
        """Add a mesh that is not rendered; solid ones collide with the given approximation."""
        from pxr import UsdGeom, UsdPhysics

        shape = self._add_mesh(source, source.item("meshes", mesh)["primitives"][primitive], path)
        UsdGeom.Imageable(shape).CreatePurposeAttr(UsdGeom.Tokens.guide)
        if is_solid:
            UsdPhysics.CollisionAPI.Apply(shape.GetPrim())
            UsdPhysics.MeshCollisionAPI.Apply(shape.GetPrim()).CreateApproximationAttr(approximation)
        return shape

    def add_capsule(self, path: str, center: NDArray[np.float64], height: float, radius: float) -> Any:
        """Add an upright capsule that collides and is not rendered, below a prim of its own for its place.

        Args:
            path: The prim that is returned.
            center: (3,) its middle in that prim's frame, with Z up.
            height: Of its axis, without the caps.
            radius: Of its caps.
        """
        from pxr import Gf, UsdGeom, UsdPhysics

        holder = UsdGeom.Xform.Define(self.stage, path)
        shape = UsdGeom.Capsule.Define(self.stage, f"{path}/Capsule")
        shape.CreateAxisAttr(UsdGeom.Tokens.z)
        shape.CreateHeightAttr(height)
        shape.CreateRadiusAttr(radius)
        reach = (radius, radius, radius + 0.5 * height)
        shape.CreateExtentAttr([Gf.Vec3f(*(-value for value in reach)), Gf.Vec3f(*reach)])
        UsdGeom.Imageable(shape).CreatePurposeAttr(UsdGeom.Tokens.guide)
        UsdGeom.Xformable(shape).AddTranslateOp().Set(Gf.Vec3d(*(float(value) for value in center)))
        UsdPhysics.CollisionAPI.Apply(shape.GetPrim())
        return holder

    def tag(self, shape: Any, name: str, value: str) -> None:
        """Give a prim a custom text attribute."""
        from pxr import Sdf

        shape.GetPrim().CreateAttribute(name, Sdf.ValueTypeNames.String, custom=True).Set(value)

    def add_instance(self, path: str, class_path: str, transform: NDArray[np.float64], label: str) -> None:
        """Add an instance of a class at a transform of the stage."""
        from pxr import UsdGeom

        instance = UsdGeom.Xform.Define(self.stage, path)
        prim = instance.GetPrim()
        prim.GetInherits().AddInherit(class_path)
        prim.SetInstanceable(True)
        self.place(instance, transform)
        _label(prim, label)

    def place(self, shape: Any, transform: NDArray[np.float64]) -> None:
        """Give a prim its transform."""
        from pxr import UsdGeom

        UsdGeom.Xformable(shape).AddTransformOp().Set(matrix_of(transform))

    def _add_mesh(self, source: GlbFile, primitive: Json, path: str) -> Any:
        from pxr import UsdGeom, Vt

        attributes = primitive.get("attributes", {})
        points = rotate_vectors(source.array(attributes["POSITION"]).astype(np.float32), _STAGE_FROM_FILE)
        triangles = (
            source.raw_array(primitive["indices"]).astype(np.int32).ravel()
            if "indices" in primitive
            else np.arange(len(points), dtype=np.int32)
        )
        shape = UsdGeom.Mesh.Define(self.stage, path)
        shape.CreatePointsAttr(Vt.Vec3fArray.FromNumpy(points))
        shape.CreateFaceVertexIndicesAttr(Vt.IntArray.FromNumpy(triangles))
        shape.CreateFaceVertexCountsAttr(Vt.IntArray.FromNumpy(np.full(len(triangles) // 3, 3, dtype=np.int32)))
        shape.CreateSubdivisionSchemeAttr(UsdGeom.Tokens.none)
        shape.CreateExtentAttr([tuple(map(float, points.min(axis=0))), tuple(map(float, points.max(axis=0)))])
        if "NORMAL" in attributes:
            normals = rotate_vectors(source.array(attributes["NORMAL"]).astype(np.float32), _STAGE_FROM_FILE)
            shape.CreateNormalsAttr(Vt.Vec3fArray.FromNumpy(normals))
            shape.SetNormalsInterpolation(UsdGeom.Tokens.vertex)
        return shape

    def _add_looks(self, source: GlbFile, primitive: Json, shape: Any) -> None:
        from pxr import Sdf, UsdGeom, UsdShade, Vt

        attributes = primitive.get("attributes", {})
        variables = UsdGeom.PrimvarsAPI(shape)
        for attribute, name in _UV_SETS.items():
            if attribute in attributes:
                uvs = source.array(attributes[attribute]).astype(np.float32)
                uvs = np.ascontiguousarray(np.stack([uvs[:, 0], np.float32(1.0) - uvs[:, 1]], axis=1))
                variable = variables.CreatePrimvar(name, Sdf.ValueTypeNames.TexCoord2fArray, UsdGeom.Tokens.vertex)
                variable.Set(Vt.Vec2fArray.FromNumpy(uvs))
        has_colors = "COLOR_0" in attributes
        if has_colors:
            colors = np.ascontiguousarray(source.array(attributes["COLOR_0"])[:, :3].astype(np.float32))
            variable = variables.CreatePrimvar("displayColor", Sdf.ValueTypeNames.Color3fArray, UsdGeom.Tokens.vertex)
            variable.Set(Vt.Vec3fArray.FromNumpy(colors))
        if "material" in primitive:
            document = source.item("materials", primitive["material"])
            shape.CreateDoubleSidedAttr(bool(document.get("doubleSided", False)))
            material = self._material(source, primitive["material"], document, has_colors)
            UsdShade.MaterialBindingAPI.Apply(shape.GetPrim()).Bind(material)

    def _material(self, source: GlbFile, index: int, document: Json, has_colors: bool) -> Any:
        from pxr import Gf, Sdf, UsdShade

        key = 2 * index + has_colors
        if key in self._materials:
            return self._materials[key]
        name = "".join(letter if letter.isalnum() else "_" for letter in str(document.get("name", index)))
        path = f"{LOOKS}/M_{name}_{index}" + ("_colored" if has_colors else "")
        material = UsdShade.Material.Define(self.stage, path)
        shader = UsdShade.Shader.Define(self.stage, f"{path}/Surface")
        shader.CreateIdAttr("UsdPreviewSurface")
        pbr = document.get("pbrMetallicRoughness", {})
        color = [float(value) for value in pbr.get("baseColorFactor", (1.0, 1.0, 1.0, 1.0))]
        shader.CreateInput("roughness", Sdf.ValueTypeNames.Float).Set(float(pbr.get("roughnessFactor", 1.0)))
        shader.CreateInput("metallic", Sdf.ValueTypeNames.Float).Set(float(pbr.get("metallicFactor", 1.0)))
        diffuse = shader.CreateInput("diffuseColor", Sdf.ValueTypeNames.Color3f)
        diffuse.Set(Gf.Vec3f(*color[:3]))
        if "baseColorTexture" in pbr:
            scale = (color[0], color[1], color[2], 1.0)
            picture = self._texture(source, pbr["baseColorTexture"]["index"], f"{path}/BaseColor", "sRGB", scale)
            diffuse.ConnectToSource(picture.CreateOutput("rgb", Sdf.ValueTypeNames.Float3))
        elif has_colors:
            reader = UsdShade.Shader.Define(self.stage, f"{path}/VertexColor")
            reader.CreateIdAttr("UsdPrimvarReader_float3")
            reader.CreateInput("varname", Sdf.ValueTypeNames.String).Set("displayColor")
            diffuse.ConnectToSource(reader.CreateOutput("result", Sdf.ValueTypeNames.Float3))
        if "metallicRoughnessTexture" in pbr:
            scale = (1.0, float(pbr.get("roughnessFactor", 1.0)), float(pbr.get("metallicFactor", 1.0)), 1.0)
            picture = self._texture(source, pbr["metallicRoughnessTexture"]["index"], f"{path}/ORM", "raw", scale)
            shader.GetInput("roughness").ConnectToSource(picture.CreateOutput("g", Sdf.ValueTypeNames.Float))
            shader.GetInput("metallic").ConnectToSource(picture.CreateOutput("b", Sdf.ValueTypeNames.Float))
        if "normalTexture" in document:
            scale = (2.0, 2.0, 2.0, 1.0)
            picture = self._texture(source, document["normalTexture"]["index"], f"{path}/Normal", "raw", scale)
            picture.CreateInput("bias", Sdf.ValueTypeNames.Float4).Set(Gf.Vec4f(-1.0, -1.0, -1.0, 0.0))
            normal = shader.CreateInput("normal", Sdf.ValueTypeNames.Normal3f)
            normal.ConnectToSource(picture.CreateOutput("rgb", Sdf.ValueTypeNames.Float3))
        if "occlusionTexture" in document:
            told = document["occlusionTexture"]
            uv_set = _UV_SETS[f"TEXCOORD_{told.get('texCoord', 0)}"]
            picture = self._texture(source, told["index"], f"{path}/Occlusion", "raw", (1.0,) * 4, uv_set=uv_set)
            occlusion = shader.CreateInput("occlusion", Sdf.ValueTypeNames.Float)
            occlusion.ConnectToSource(picture.CreateOutput("r", Sdf.ValueTypeNames.Float))
        if any(document.get("emissiveFactor", ())):
            strength = document.get("extensions", {}).get("KHR_materials_emissive_strength", {})
            factor = float(strength.get("emissiveStrength", 1.0))
            glow = Gf.Vec3f(*(factor * float(value) for value in document["emissiveFactor"]))
            shader.CreateInput("emissiveColor", Sdf.ValueTypeNames.Color3f).Set(glow)
        material.CreateSurfaceOutput().ConnectToSource(shader.ConnectableAPI(), "surface")
        self._materials[key] = material
        return material

    def _texture(
        self,
        source: GlbFile,
        index: int,
        path: str,
        space: str,
        scale: tuple[float, float, float, float],
        *,
        uv_set: str = "st",
    ) -> Any:
        from pxr import Gf, Sdf, UsdShade

        image = source.item("textures", index).get("source")
        data, mime_type = source.image_bytes(image)
        name = str(source.item("images", image).get("name") or f"T_{image}")
        uri = self.textures.add(name, bytes(data), mime_type)
        picture = UsdShade.Shader.Define(self.stage, path)
        picture.CreateIdAttr("UsdUVTexture")
        picture.CreateInput("file", Sdf.ValueTypeNames.Asset).Set(Sdf.AssetPath(uri))
        picture.CreateInput("sourceColorSpace", Sdf.ValueTypeNames.Token).Set(space)
        picture.CreateInput("wrapS", Sdf.ValueTypeNames.Token).Set("repeat")
        picture.CreateInput("wrapT", Sdf.ValueTypeNames.Token).Set("repeat")
        picture.CreateInput("scale", Sdf.ValueTypeNames.Float4).Set(Gf.Vec4f(*scale))
        reader = UsdShade.Shader.Define(self.stage, f"{path}_Uv")
        reader.CreateIdAttr("UsdPrimvarReader_float2")
        reader.CreateInput("varname", Sdf.ValueTypeNames.String).Set(uv_set)
        where = picture.CreateInput("st", Sdf.ValueTypeNames.Float2)
        where.ConnectToSource(reader.CreateOutput("result", Sdf.ValueTypeNames.Float2))
        return picture


def _label(prim: Any, label: str) -> None:
    from pxr import UsdSemantics

    if label:
        UsdSemantics.LabelsAPI.Apply(prim, "class").CreateLabelsAttr([label])
