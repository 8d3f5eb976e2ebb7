@tool
extends EditorScenePostImport
## Run by Godot when it imports the meshes of a worldgen package: baked occlusion is read by the second set of UVs, which
## Godot's glTF importer does not ask the file for.


func _post_import(scene: Node) -> Object:
	for node in scene.find_children("*", "MeshInstance3D", true, false):
		var mesh := (node as MeshInstance3D).mesh
		if mesh == null:
			continue
		for surface in mesh.get_surface_count():
			var material := mesh.surface_get_material(surface) as BaseMaterial3D
			if material != null and material.ao_enabled:
				material.ao_on_uv2 = true
	return scene
