// The parts of Unity's API that the import script uses, as empty shells: enough for a compiler to check every call.
using System;

namespace UnityEngine
{
    public struct Vector2 { public Vector2(float x, float y) { } }
    public struct Vector3
    {
        public Vector3(float x, float y, float z) { }
        public static Vector3 zero { get { return default(Vector3); } }
        public static Vector3 operator *(float a, Vector3 b) { return b; }
    }
    public struct Quaternion { public Quaternion(float x, float y, float z, float w) { } }
    public struct Color
    {
        public Color(float r, float g, float b, float a) { }
        public Color gamma { get { return this; } }
        public float this[int index] { get { return 0f; } }
    }
    public static class Mathf
    {
        public const float PI = 3.14159274f;
        public static float Max(float a, float b) { return a; }
        public static int Min(int a, int b) { return a; }
        public static float Clamp(float value, float min, float max) { return value; }
    }
    public class Object
    {
        public string name { get; set; }
        public static T Instantiate<T>(T original) where T : Object { return original; }
        public static void DestroyImmediate(Object item) { }
    }
    public class Component : Object { public Transform transform { get { return null; } } public GameObject gameObject { get { return null; } } }
    public class Behaviour : Component { }
    public class Transform : Component
    {
        public Vector3 position { get; set; }
        public Vector3 localPosition { get; set; }
        public Quaternion localRotation { get; set; }
        public Vector3 localScale { get; set; }
        public void SetParent(Transform parent, bool worldPositionStays) { }
        public T[] GetComponentsInChildren<T>(bool includeInactive = false) { return null; }
    }
    public sealed class GameObject : Object
    {
        public GameObject(string name) { }
        public Transform transform { get { return null; } }
        public T AddComponent<T>() where T : Component { return null; }
        public T[] GetComponentsInChildren<T>(bool includeInactive = false) { return null; }
        public void SetActive(bool value) { }
    }
    public class Mesh : Object { }
    public class Renderer : Component { }
    public struct LOD { public LOD(float screenRelativeTransitionHeight, Renderer[] renderers) { } }
    public class LODGroup : Component { public void SetLODs(LOD[] lods) { } public void RecalculateBounds() { } }
    public class MeshFilter : Component { public Mesh sharedMesh { get; set; } }
    public class PhysicMaterial : Object { }
    public class Collider : Component { public bool isTrigger { get; set; } public PhysicMaterial sharedMaterial { get; set; } }
    public class BoxCollider : Collider { public Vector3 center { get; set; } public Vector3 size { get; set; } }
    public class CapsuleCollider : Collider
    {
        public Vector3 center { get; set; } public float height { get; set; } public float radius { get; set; }
        public int direction { get; set; }
    }
    public class MeshCollider : Collider { public bool convex { get; set; } public Mesh sharedMesh { get; set; } }
    public enum LightType { Spot, Directional, Point }
    public enum LightShadows { None, Hard, Soft }
    public class Light : Behaviour
    {
        public LightType type { get; set; } public Color color { get; set; } public float intensity { get; set; }
        public LightShadows shadows { get; set; }
    }
    public class Camera : Behaviour
    {
        public float fieldOfView { get; set; } public float nearClipPlane { get; set; } public float farClipPlane { get; set; }
    }
    public class ReflectionProbe : Behaviour { public Vector3 size { get; set; } }
    public class Shader : Object { public static Shader Find(string name) { return null; } }
    public class Texture : Object { public int width { get { return 0; } } }
    public enum TextureFormat { RGBA32 }
    public class Texture2D : Texture
    {
        public Texture2D(int width, int height, TextureFormat format, bool mipChain, bool linear) { }
        public Color GetPixelBilinear(float u, float v) { return default(Color); }
    }
    public static class ImageConversion { public static bool LoadImage(this Texture2D texture, byte[] data) { return true; } }
    public class Material : Object
    {
        public Material(Shader shader) { }
        public void SetTexture(string name, Texture value) { }
        public void SetFloat(string name, float value) { }
    }
    public enum FogMode { Linear = 1, Exponential, ExponentialSquared }
    public static class RenderSettings
    {
        public static Light sun { get; set; } public static bool fog { get; set; } public static FogMode fogMode { get; set; }
        public static float fogDensity { get; set; } public static Color fogColor { get; set; }
        public static Material skybox { get; set; } public static Rendering.AmbientMode ambientMode { get; set; }
    }
    public class TerrainLayer : Object { public Vector2 tileSize { get; set; } }
    public sealed class TerrainData : Object
    {
        public int heightmapResolution { get; set; } public int alphamapResolution { get; set; } public Vector3 size { get; set; }
        public TerrainLayer[] terrainLayers { get; set; }
        public void SetHeights(int x, int y, float[,] heights) { }
        public void SetAlphamaps(int x, int y, float[,,] map) { }
    }
    public sealed class Terrain : Behaviour { public static GameObject CreateTerrainGameObject(TerrainData data) { return null; } }
    public static class JsonUtility { public static T FromJson<T>(string json) { return default(T); } }
    public static class Application { public static string dataPath { get { return ""; } } }
    public static class Debug { public static void LogWarning(object message) { } }
}

namespace UnityEngine.Rendering
{
    public enum AmbientMode { Skybox, Trilight, Flat = 3 }
    public class RenderPipelineAsset : UnityEngine.Object { }
    public static class GraphicsSettings { public static RenderPipelineAsset defaultRenderPipeline { get { return null; } } }
}

namespace UnityEditor
{
    using UnityEngine;

    [AttributeUsage(AttributeTargets.Method)]
    public sealed class MenuItem : Attribute { public MenuItem(string itemName) { } }
    [Flags] public enum StaticEditorFlags { BatchingStatic = 4, ReflectionProbeStatic = 64 }
    public static class EditorUtility
    {
        public static string OpenFilePanel(string title, string directory, string extension) { return ""; }
        public static bool DisplayDialog(string title, string message, string ok) { return true; }
        public static void DisplayProgressBar(string title, string info, float progress) { }
        public static void ClearProgressBar() { }
    }
    public static class Undo { public static void RegisterCreatedObjectUndo(Object item, string name) { } }
    public static class Selection { public static GameObject activeGameObject { get; set; } }
    public static class GameObjectUtility { public static void SetStaticEditorFlags(GameObject item, StaticEditorFlags flags) { } }
    public static class PrefabUtility
    {
        public static Object InstantiatePrefab(Object asset) { return null; }
        public static Object InstantiatePrefab(Object asset, Transform parent) { return null; }
        public static GameObject SaveAsPrefabAsset(GameObject root, string path) { return null; }
    }
    public class AssetImporter : Object
    {
        public string assetPath { get; set; }
        public static AssetImporter GetAtPath(string path) { return null; }
        public void SaveAndReimport() { }
    }
    public enum TextureImporterType { Default = 0, NormalMap = 1 }
    public sealed class TextureImporter : AssetImporter
    {
        public TextureImporterType textureType { get; set; }
        public bool sRGBTexture { get; set; }
        public int maxTextureSize { get; set; }
    }
    public class AssetPostprocessor
    {
        public string assetPath { get; set; }
        public AssetImporter assetImporter { get; set; }
    }
    public static class AssetDatabase
    {
        public static T LoadAssetAtPath<T>(string path) where T : Object { return null; }
        public static void CreateAsset(Object asset, string path) { }
        public static string CreateFolder(string parent, string name) { return ""; }
        public static bool IsValidFolder(string path) { return true; }
        public static void SaveAssets() { }
        public static string[] FindAssets(string filter, string[] searchInFolders) { return null; }
        public static string GUIDToAssetPath(string guid) { return ""; }
    }
}
