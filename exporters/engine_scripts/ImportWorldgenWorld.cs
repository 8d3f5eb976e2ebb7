// Builds a scene from a worldgen package: prefabs with colliders, instances, land, terrain, light, sky, fog, spawn.
// Menu: Worldgen > Import World. Needs com.unity.cloud.gltfast 6 or newer. All numbers come from layout.json.
using System;
using System.Collections.Generic;
using System.IO;
using UnityEditor;
using UnityEngine;
using UnityEngine.Rendering;
#if UNITY_6000_0_OR_NEWER
using SurfaceMaterial = UnityEngine.PhysicsMaterial;
#else
using SurfaceMaterial = UnityEngine.PhysicMaterial;
#endif

namespace Worldgen
{
    [Serializable] public class LayoutFiles
    {
        public string land; public string props; public string colliders; public string navmesh;
        public string sky; public string terrain; public string textures;
    }

    [Serializable] public class LayoutCollider
    {
        public string name; public string asset; public string kind; public string surface; public bool is_convex;
        public float[] engine_center; public float[] engine_size;
        public float engine_capsule_height; public float engine_capsule_radius;
        public float[] engine_position; public float[] engine_rotation_xyzw; public float engine_scale;
    }

    [Serializable] public class LayoutLevel { public string name; public float screen_height; }

    [Serializable] public class LayoutAsset
    {
        public string name; public string label; public string file; public bool is_static; public LayoutLevel[] lods;
        public LayoutCollider[] colliders;
    }

    [Serializable] public class LayoutInstance
    {
        public string name; public string spec_id; public string asset;
        public float[] engine_position; public float[] engine_rotation_xyzw; public float engine_scale;
    }

    [Serializable] public class LayoutSpawn
    {
        public float[] engine_position; public float[] engine_eye; public float[] engine_rotation_xyzw;
    }

    [Serializable] public class LayoutKeyLight
    {
        public float[] engine_rotation_xyzw; public float[] color; public float illuminance_lux;
    }

    [Serializable] public class LayoutFog { public float[] color; public float[] extinction_per_m; }

    [Serializable] public class LayoutProbe
    {
        public string name; public float[] engine_position; public float[] engine_half_size;
    }

    [Serializable] public class LayoutSky { public float illuminance_lux; public float nits_per_unit; }

    [Serializable] public class LayoutExposure { public float factor; public float ev100; }

    [Serializable] public class LayoutLight
    {
        public LayoutKeyLight key_light; public LayoutSky sky; public LayoutFog fog; public LayoutExposure exposure;
        public LayoutProbe[] reflection_probes; public string base_colors;
    }

    [Serializable] public class LayoutPlace
    {
        public string name; public float[] engine_position; public float[] engine_rotation_xyzw;
    }

    [Serializable] public class Layout
    {
        public string world; public string engine; public LayoutFiles files; public LayoutSpawn spawn;
        public bool has_light; public LayoutLight light;
        public LayoutPlace[] spawn_points; public LayoutPlace[] points_of_interest;
        public LayoutAsset[] assets; public LayoutInstance[] instances; public LayoutCollider[] colliders;
    }

    [Serializable] public class TerrainHeightmap { public string file; }

    [Serializable] public class TerrainLayerFile { public string file; public string[] channels; }

    [Serializable] public class TerrainDocument
    {
        public int samples; public TerrainHeightmap heightmap; public float[] terrain_size;
        public float[] terrain_position; public TerrainLayerFile[] layers;
    }

    // Unity takes every picture for a colour; glTFast leaves the settings of textures in files of their own as they are.
    public class WorldgenTextures : AssetPostprocessor
    {
        const int LargestPicture = 8192;

        void OnPreprocessTexture()
        {
            if (IsOurs(assetPath)) Prepare((TextureImporter)assetImporter);
        }

        // Tells normals and numbers from colours by their names; returns whether anything was wrong.
        public static bool Prepare(TextureImporter importer)
        {
            string title = Path.GetFileNameWithoutExtension(importer.assetPath);
            bool isNormal = title.EndsWith("_N", StringComparison.Ordinal);
            bool isColor = !isNormal && !title.EndsWith("_ORM", StringComparison.Ordinal) && !title.EndsWith("_AO", StringComparison.Ordinal);
            TextureImporterType type = isNormal ? TextureImporterType.NormalMap : TextureImporterType.Default;
            bool isWrong = importer.textureType != type || importer.maxTextureSize != LargestPicture
                || (!isNormal && importer.sRGBTexture != isColor);
            importer.textureType = type;
            if (!isNormal) importer.sRGBTexture = isColor;
            importer.maxTextureSize = LargestPicture;
            return isWrong;
        }

        static bool IsOurs(string path)
        {
            string folder = Path.GetDirectoryName(path);
            return Path.GetFileName(folder) == "Textures" && Path.GetFileName(path).StartsWith("T_", StringComparison.Ordinal)
                && File.Exists(Path.Combine(Path.GetDirectoryName(folder), "layout.json"));
        }
    }

    public static class ImportWorldgenWorld
    {
        const float SkyRotationDegrees = 270f; // Skybox/Panoramic puts a picture's middle at +X; ours lies at -Z.

        [MenuItem("Worldgen/Import World")]
        public static void Import()
        {
            string picked = EditorUtility.OpenFilePanel("layout.json of a worldgen package", Application.dataPath, "json");
            if (!string.IsNullOrEmpty(picked)) ImportFrom(picked);
        }

        public static void ImportFrom(string layoutPath)
        {
            string full = Path.GetFullPath(layoutPath).Replace('\\', '/');
            string project = Path.GetFullPath(Application.dataPath).Replace('\\', '/');
            if (!full.StartsWith(project, StringComparison.Ordinal))
            {
                EditorUtility.DisplayDialog("Worldgen", "Copy the package below Assets/ first.", "OK");
                return;
            }
            string folder = Path.GetDirectoryName("Assets" + full.Substring(project.Length)).Replace('\\', '/');
            Layout layout = JsonUtility.FromJson<Layout>(File.ReadAllText(full));
            if (layout.engine != "unity")
                throw new InvalidDataException("This layout.json was made for " + layout.engine + ".");
            CheckTextures(folder + "/" + layout.files.textures);
            var root = new GameObject(layout.world);
            Undo.RegisterCreatedObjectUndo(root, "Import " + layout.world);
            try
            {
                Dictionary<string, Mesh> colliderMeshes = MeshesOf(folder, layout.files.colliders);
                AddLand(layout, folder, root.transform);
                Dictionary<string, GameObject> prefabs = MakePrefabs(layout, folder, colliderMeshes);
                AddInstances(layout, prefabs, root.transform);
                AddColliders(layout, folder, colliderMeshes, root.transform);
                AddTerrain(layout, folder, root.transform);
                AddLight(layout, folder, root.transform);
                AddSpawn(layout, root.transform);
                AddPlaces("Spawn Points", layout.spawn_points, root.transform);
                AddPlaces("Points of Interest", layout.points_of_interest, root.transform);
            }
            finally
            {
                EditorUtility.ClearProgressBar();
            }
            AssetDatabase.SaveAssets();
            Selection.activeGameObject = root;
        }

        // Textures that were imported before this script was there.
        static void CheckTextures(string folder)
        {
            if (!AssetDatabase.IsValidFolder(folder)) return;
            foreach (string id in AssetDatabase.FindAssets("t:Texture2D", new[] { folder }))
            {
                var importer = AssetImporter.GetAtPath(AssetDatabase.GUIDToAssetPath(id)) as TextureImporter;
                if (importer != null && WorldgenTextures.Prepare(importer)) importer.SaveAndReimport();
            }
        }

        static void AddLand(Layout layout, string folder, Transform root)
        {
            var land = (GameObject)PrefabUtility.InstantiatePrefab(LoadModel(folder, layout.files.land));
            land.name = "Land";
            land.transform.SetParent(root, false);
            foreach (Transform part in land.GetComponentsInChildren<Transform>())
                GameObjectUtility.SetStaticEditorFlags(
                    part.gameObject, StaticEditorFlags.BatchingStatic | StaticEditorFlags.ReflectionProbeStatic);
        }

        static Dictionary<string, GameObject> MakePrefabs(
            Layout layout, string folder, Dictionary<string, Mesh> colliderMeshes)
        {
            var prefabs = new Dictionary<string, GameObject>();
            if (string.IsNullOrEmpty(layout.files.props)) return prefabs;
            string target = folder + "/Prefabs";
            if (!AssetDatabase.IsValidFolder(target)) AssetDatabase.CreateFolder(folder, "Prefabs");
            GameObject model = LoadModel(folder, layout.files.props);
            for (int index = 0; index < layout.assets.Length; index++)
            {
                LayoutAsset asset = layout.assets[index];
                if (asset.is_static) continue;
                EditorUtility.DisplayProgressBar("Worldgen", asset.name, (float)index / layout.assets.Length);
                Transform part = FindByName(model.transform, asset.name);
                if (part == null)
                {
                    Debug.LogWarning("Worldgen: " + layout.files.props + " holds no " + asset.name);
                    continue;
                }
                GameObject copy = UnityEngine.Object.Instantiate(part.gameObject);
                copy.name = asset.name;
                copy.transform.position = Vector3.zero;
                AddLevels(copy, model.transform, asset);
                foreach (LayoutCollider collider in asset.colliders)
                {
                    Mesh mesh;
                    if (!colliderMeshes.TryGetValue(collider.name, out mesh)) continue;
                    var holder = new GameObject(collider.name);
                    holder.transform.SetParent(copy.transform, false);
                    AddShape(holder, mesh, collider, folder);
                }
                prefabs[asset.name] = PrefabUtility.SaveAsPrefabAsset(copy, target + "/" + asset.name + ".prefab");
                UnityEngine.Object.DestroyImmediate(copy);
            }
            return prefabs;
        }

        static void AddLevels(GameObject finest, Transform model, LayoutAsset asset)
        {
            if (asset.lods == null || asset.lods.Length < 2) return;
            var levels = new List<LOD>();
            levels.Add(new LOD(asset.lods[0].screen_height, finest.GetComponentsInChildren<Renderer>(true)));
            for (int index = 1; index < asset.lods.Length; index++)
            {
                Transform part = FindByName(model, asset.lods[index].name);
                if (part == null) continue;
                GameObject level = UnityEngine.Object.Instantiate(part.gameObject);
                level.name = asset.lods[index].name;
                level.transform.SetParent(finest.transform, false);
                levels.Add(new LOD(asset.lods[index].screen_height, level.GetComponentsInChildren<Renderer>(true)));
            }
            LODGroup group = finest.AddComponent<LODGroup>();
            group.SetLODs(levels.ToArray());
            group.RecalculateBounds();
        }

        static void AddInstances(Layout layout, Dictionary<string, GameObject> prefabs, Transform root)
        {
            var groups = new Dictionary<string, Transform>();
            foreach (LayoutInstance item in layout.instances)
            {
                GameObject prefab;
                if (!prefabs.TryGetValue(item.asset, out prefab)) continue; // the land has its place already
                Transform group;
                if (!groups.TryGetValue(item.spec_id, out group))
                {
                    group = new GameObject(item.spec_id).transform;
                    group.SetParent(root, false);
                    groups[item.spec_id] = group;
                }
                var instance = (GameObject)PrefabUtility.InstantiatePrefab(prefab, group);
                instance.name = item.name;
                Place(instance.transform, item.engine_position, item.engine_rotation_xyzw, item.engine_scale);
            }
        }

        static void AddColliders(Layout layout, string folder, Dictionary<string, Mesh> meshes, Transform root)
        {
            Transform group = new GameObject("Colliders").transform;
            group.SetParent(root, false);
            foreach (LayoutCollider collider in layout.colliders)
            {
                Mesh mesh;
                if (!string.IsNullOrEmpty(collider.asset) || !meshes.TryGetValue(collider.name, out mesh)) continue;
                var holder = new GameObject(collider.name);
                holder.transform.SetParent(group, false);
                Place(holder.transform, collider.engine_position, collider.engine_rotation_xyzw, collider.engine_scale);
                AddShape(holder, mesh, collider, folder);
            }
        }

        static void AddShape(GameObject holder, Mesh mesh, LayoutCollider description, string folder)
        {
            if (description.kind == "trigger")
            {
                var box = holder.AddComponent<BoxCollider>();
                box.center = Vector(description.engine_center);
                box.size = Vector(description.engine_size);
                box.isTrigger = true;
            }
            else if (description.kind == "blocking") // the invisible end of what a picture shows
            {
                var wall = holder.AddComponent<BoxCollider>();
                wall.center = Vector(description.engine_center);
                wall.size = Vector(description.engine_size);
            }
            else if (description.engine_capsule_radius > 0f)
            {
                var capsule = holder.AddComponent<CapsuleCollider>();
                capsule.direction = 1; // along Y
                capsule.center = Vector(description.engine_center);
                capsule.height = description.engine_capsule_height;
                capsule.radius = description.engine_capsule_radius;
                capsule.sharedMaterial = SurfaceOf(description.surface, folder);
            }
            else
            {
                var collider = holder.AddComponent<MeshCollider>();
                collider.convex = description.is_convex;
                collider.sharedMesh = mesh;
                collider.sharedMaterial = SurfaceOf(description.surface, folder);
            }
        }

        // One physics material for each surface, named after it: footsteps and friction hang on it.
        static SurfaceMaterial SurfaceOf(string surface, string folder)
        {
            if (string.IsNullOrEmpty(surface)) return null;
            string path = folder + "/PM_" + surface + ".asset";
            var material = AssetDatabase.LoadAssetAtPath<SurfaceMaterial>(path);
            if (material == null)
            {
                material = new SurfaceMaterial { name = surface };
                AssetDatabase.CreateAsset(material, path);
            }
            return material;
        }

        // The terrain stands where the land mesh is; it starts switched off, so use one or the other.
        static void AddTerrain(Layout layout, string folder, Transform root)
        {
            if (string.IsNullOrEmpty(layout.files.terrain)) return;
            string jsonPath = folder + "/" + layout.files.terrain;
            string terrainFolder = Path.GetDirectoryName(jsonPath).Replace('\\', '/');
            TerrainDocument document = JsonUtility.FromJson<TerrainDocument>(File.ReadAllText(jsonPath));
            int size = document.samples;
            byte[] raw = File.ReadAllBytes(terrainFolder + "/" + document.heightmap.file);
            var heights = new float[size, size];
            for (int row = 0; row < size; row++)
                for (int column = 0; column < size; column++)
                {
                    int at = 2 * (row * size + column);
                    heights[row, column] = (raw[at] | raw[at + 1] << 8) / 65535f;
                }
            var data = new TerrainData();
            data.heightmapResolution = size;
            data.size = Vector(document.terrain_size);
            data.SetHeights(0, 0, heights);
            AddTerrainLayers(data, document, terrainFolder);
            AssetDatabase.CreateAsset(data, terrainFolder + "/" + layout.world + "_TerrainData.asset");
            GameObject terrain = Terrain.CreateTerrainGameObject(data);
            terrain.name = "Terrain (instead of Land)";
            terrain.transform.SetParent(root, false);
            terrain.transform.localPosition = Vector(document.terrain_position);
            terrain.SetActive(false);
        }

        static void AddTerrainLayers(TerrainData data, TerrainDocument document, string folder)
        {
            var layers = new List<TerrainLayer>();
            var pictures = new List<Texture2D>();
            foreach (TerrainLayerFile file in document.layers)
            {
                var picture = new Texture2D(2, 2, TextureFormat.RGBA32, false, true);
                picture.LoadImage(File.ReadAllBytes(folder + "/" + file.file));
                pictures.Add(picture);
                foreach (string channel in file.channels)
                {
                    var layer = new TerrainLayer { name = channel, tileSize = new Vector2(4f, 4f) };
                    AssetDatabase.CreateAsset(layer, folder + "/TL_" + channel + ".terrainlayer");
                    layers.Add(layer);
                }
            }
            if (layers.Count == 0) return;
            data.terrainLayers = layers.ToArray();
            int size = Mathf.Min(pictures[0].width - 1, 2048);
            data.alphamapResolution = size;
            var weights = new float[size, size, layers.Count];
            int first = 0;
            for (int index = 0; index < pictures.Count; index++)
            {
                int channels = document.layers[index].channels.Length;
                for (int row = 0; row < size; row++)
                    for (int column = 0; column < size; column++)
                    {
                        Color color = pictures[index].GetPixelBilinear((column + 0.5f) / size, (row + 0.5f) / size);
                        for (int channel = 0; channel < channels; channel++)
                            weights[row, column, first + channel] = color[channel];
                    }
                first += channels;
            }
            data.SetAlphamaps(0, 0, weights);
        }

        static void AddLight(Layout layout, string folder, Transform root)
        {
            AddSky(layout, folder);
            if (!layout.has_light) return;
            var holder = new GameObject("Key Light");
            holder.transform.SetParent(root, false);
            holder.transform.localRotation = Rotation(layout.light.key_light.engine_rotation_xyzw);
            var light = holder.AddComponent<Light>();
            light.type = LightType.Directional;
            light.color = LinearColor(layout.light.key_light.color);
            // HDRP counts in lux. Elsewhere, and where pictures carry their own light, intensity 1 makes white paper 1, in the units that the sky is shown in.
            light.intensity = layout.light.base_colors != "lit" && GraphicsSettings.defaultRenderPipeline != null
                && GraphicsSettings.defaultRenderPipeline.GetType().Name.StartsWith("HD", StringComparison.Ordinal)
                ? layout.light.key_light.illuminance_lux
                : layout.light.key_light.illuminance_lux / (Mathf.PI * layout.light.sky.nits_per_unit) * SkyExposure(layout);
            light.shadows = LightShadows.Soft;
            RenderSettings.sun = light;
            RenderSettings.fog = layout.light.fog.extinction_per_m[1] > 0f;
            RenderSettings.fogMode = FogMode.Exponential;
            RenderSettings.fogDensity = layout.light.fog.extinction_per_m[1];
            RenderSettings.fogColor = LinearColor(layout.light.fog.color);
            foreach (LayoutProbe probe in layout.light.reflection_probes)
            {
                var place = new GameObject(probe.name);
                place.transform.SetParent(root, false);
                place.transform.localPosition = Vector(probe.engine_position);
                place.AddComponent<ReflectionProbe>().size = 2f * Vector(probe.engine_half_size);
            }
        }

        static void AddSky(Layout layout, string folder)
        {
            if (string.IsNullOrEmpty(layout.files.sky)) return;
            var texture = AssetDatabase.LoadAssetAtPath<Texture>(folder + "/" + layout.files.sky);
            Shader shader = Shader.Find("Skybox/Panoramic");
            if (texture == null || shader == null) return;
            var material = new Material(shader);
            material.SetTexture("_MainTex", texture);
            material.SetFloat("_Rotation", SkyRotationDegrees);
            if (layout.has_light) material.SetFloat("_Exposure", SkyExposure(layout));
            AssetDatabase.CreateAsset(material, folder + "/M_" + layout.world + "_Sky.mat");
            RenderSettings.skybox = material;
            RenderSettings.ambientMode = AmbientMode.Skybox;
        }

        static float SkyExposure(Layout layout) { return Mathf.Clamp(layout.light.exposure.factor, 0f, 8f); }

        static void AddSpawn(Layout layout, Transform root)
        {
            var start = new GameObject("Player Start");
            start.transform.SetParent(root, false);
            start.transform.localPosition = Vector(layout.spawn.engine_position);
            start.transform.localRotation = Rotation(layout.spawn.engine_rotation_xyzw);
            var eye = new GameObject("Spawn Camera");
            eye.transform.SetParent(root, false);
            eye.transform.localPosition = Vector(layout.spawn.engine_eye);
            eye.transform.localRotation = Rotation(layout.spawn.engine_rotation_xyzw);
            var camera = eye.AddComponent<Camera>();
            camera.fieldOfView = 60f;
            camera.nearClipPlane = 0.05f;
            camera.farClipPlane = 20000f;
        }

        // Empty objects that stand where one may start, or from where something is seen, and look there.
        static void AddPlaces(string title, LayoutPlace[] places, Transform root)
        {
            if (places == null || places.Length == 0) return;
            var holder = new GameObject(title);
            holder.transform.SetParent(root, false);
            foreach (LayoutPlace place in places)
            {
                var marker = new GameObject(place.name);
                marker.transform.SetParent(holder.transform, false);
                Place(marker.transform, place.engine_position, place.engine_rotation_xyzw, 1f);
            }
        }

        static GameObject LoadModel(string folder, string file)
        {
            var model = AssetDatabase.LoadAssetAtPath<GameObject>(folder + "/" + file);
            if (model == null)
                throw new FileNotFoundException(
                    "Unity has not imported " + file + ". Install the package com.unity.cloud.gltfast and try again.");
            return model;
        }

        static Dictionary<string, Mesh> MeshesOf(string folder, string file)
        {
            var meshes = new Dictionary<string, Mesh>();
            if (string.IsNullOrEmpty(file)) return meshes;
            foreach (MeshFilter filter in LoadModel(folder, file).GetComponentsInChildren<MeshFilter>(true))
                meshes[filter.name] = filter.sharedMesh;
            return meshes;
        }

        static Transform FindByName(Transform root, string name)
        {
            foreach (Transform part in root.GetComponentsInChildren<Transform>(true))
                if (part.name == name) return part;
            return null;
        }

        static void Place(Transform transform, float[] position, float[] rotation, float scale)
        {
            transform.localPosition = Vector(position);
            transform.localRotation = Rotation(rotation);
            transform.localScale = new Vector3(scale, scale, scale);
        }

        static Vector3 Vector(float[] values) { return new Vector3(values[0], values[1], values[2]); }

        static Quaternion Rotation(float[] values)
        {
            return new Quaternion(values[0], values[1], values[2], values[3]);
        }

        static Color LinearColor(float[] values)
        {
            float top = Mathf.Max(1f, Mathf.Max(values[0], Mathf.Max(values[1], values[2])));
            return new Color(values[0] / top, values[1] / top, values[2] / top, 1f).gamma;
        }
    }
}
