@tool
extends EditorScript
## Gathers the plants and stones of an imported worldgen world into MultiMeshes, which draw thousands at once.
##
## Godot 4.4 or newer. Open scene.tscn, then File > Run in the script editor. Numbers come from layout.json.

const MIN_INSTANCES := 6


func _run() -> void:
	var root := get_scene()
	if root == null or not root.has_meta("worldgen_layout"):
		push_error("Open the scene.tscn of a worldgen package first.")
		return
	var path: String = root.get_meta("worldgen_layout")
	var layout: Dictionary = JSON.parse_string(FileAccess.get_file_as_string(path))
	if layout.get("engine", "") != "godot":
		push_error("This layout.json was made for another engine.")
		return
	var world: Node = root.get_node("World")
	var meshes := _meshes_of(world)
	var target := Node3D.new()
	target.name = "Instances"
	root.add_child(target)
	target.owner = root
	for group: Dictionary in _groups(layout):
		var rows: Array = group["rows"]
		if rows.size() < MIN_INSTANCES or not meshes.has(rows[0]["name"]):
			continue
		_add_multimesh(target, root, group["asset"], meshes[rows[0]["name"]], rows)
		for row: Dictionary in rows:
			var node := world.find_child(row["name"], true, false)
			if node is Node3D:
				(node as Node3D).visible = false
	print("worldgen: instances are gathered")


func _groups(layout: Dictionary) -> Array:
	var is_static := {}
	for asset: Dictionary in layout["assets"]:
		is_static[asset["name"]] = asset["is_static"]
	var by_asset := {}
	for row: Dictionary in layout["instances"]:
		if is_static.get(row["asset"], true):
			continue
		if not by_asset.has(row["asset"]):
			by_asset[row["asset"]] = []
		by_asset[row["asset"]].append(row)
	var groups := []
	for asset: String in by_asset:
		groups.append({"asset": asset, "rows": by_asset[asset]})
	return groups


func _meshes_of(world: Node) -> Dictionary:
	var found := {}
	for node in world.find_children("*", "MeshInstance3D", true, false):
		found[String(node.name)] = (node as MeshInstance3D).mesh
	return found


func _add_multimesh(target: Node3D, root: Node, title: String, mesh: Mesh, rows: Array) -> void:
	var multimesh := MultiMesh.new()
	multimesh.transform_format = MultiMesh.TRANSFORM_3D
	multimesh.mesh = mesh
	multimesh.instance_count = rows.size()
	for index in rows.size():
		var row: Dictionary = rows[index]
		var p: Array = row["engine_position"]
		var q: Array = row["engine_rotation_xyzw"]
		var s: float = row["engine_scale"]
		var basis := Basis(Quaternion(q[0], q[1], q[2], q[3])).scaled(Vector3(s, s, s))
		multimesh.set_instance_transform(index, Transform3D(basis, Vector3(p[0], p[1], p[2])))
	var node := MultiMeshInstance3D.new()
	node.name = title
	node.multimesh = multimesh
	target.add_child(node)
	node.owner = root
