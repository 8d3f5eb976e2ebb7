@tool
extends EditorScript
## Gathers the plants and stones of an imported worldgen world into MultiMeshes, which draw thousands at once, each level of
## detail from as far as it shall be seen.
##
## Godot 4.4 or newer. Open scene.tscn, then File > Run in the script editor. Numbers come from layout.json.

const MIN_INSTANCES := 6
const CELL_M := 32.0  # things of one square of the land become coarser together
const HYSTERESIS := 0.05


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
	var levels := _level_meshes(path.get_base_dir(), layout)
	var target := Node3D.new()
	target.name = "Instances"
	root.add_child(target)
	target.owner = root
	var assets := {}
	for asset: Dictionary in layout["assets"]:
		assets[asset["name"]] = asset
	for group: Dictionary in _groups(layout):
		var rows: Array = group["rows"]
		if rows.size() < MIN_INSTANCES or not meshes.has(rows[0]["name"]):
			continue
		var chain := _chain_of(assets[group["asset"]], levels)
		if chain.is_empty():
			_add_multimesh(target, root, group["asset"], meshes[rows[0]["name"]], rows)
		else:
			_add_chain(target, root, group["asset"], chain, rows)
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


## Meshes of all levels of detail by name; none where the package has no file of them.
func _level_meshes(folder: String, layout: Dictionary) -> Dictionary:
	var file: String = layout["files"].get("levels", "")
	if file.is_empty():
		return {}
	var scene := load(folder.path_join(file)) as PackedScene
	if scene == null:
		push_warning("worldgen: " + file + " is not imported, so all things keep one level of detail")
		return {}
	var instance := scene.instantiate()
	var found := _meshes_of(instance)
	instance.free()
	return found


## Meshes of an asset, finest first, with the distance in metres up to which each is seen at scale 1.
func _chain_of(asset: Dictionary, levels: Dictionary) -> Array:
	var chain := []
	for level: Dictionary in asset["lods"]:
		if levels.has(level["name"]):
			chain.append({"mesh": levels[level["name"]], "distance": level["distance_m"]})
	return chain if chain.size() > 1 else []


func _add_chain(target: Node3D, root: Node, title: String, chain: Array, rows: Array) -> void:
	var cells := {}
	for row: Dictionary in rows:
		var p: Array = row["engine_position"]
		var cell := Vector2i(floori(p[0] / CELL_M), floori(p[2] / CELL_M))
		if not cells.has(cell):
			cells[cell] = []
		cells[cell].append(row)
	for cell: Vector2i in cells:
		var members: Array = cells[cell]
		var box := AABB(_place(members[0]).origin, Vector3.ZERO)
		var scale := 0.0
		for row: Dictionary in members:
			box = box.expand(_place(row).origin)
			scale = maxf(scale, row["engine_scale"])
		# Godot measures from the middle of all: whoever stands at the rim of the cell shall still see the right level.
		var reach := 0.5 * box.size.length()
		var begin := 0.0
		for index in chain.size():
			var end: float = reach + scale * chain[index]["distance"]
			var node_title := "%s_%d_%d_LOD%d" % [title, cell.x, cell.y, index]
			var node := _add_multimesh(target, root, node_title, chain[index]["mesh"], members)
			node.visibility_range_begin = begin
			node.visibility_range_begin_margin = HYSTERESIS * begin
			node.visibility_range_end = end
			node.visibility_range_end_margin = HYSTERESIS * end
			begin = end


func _place(row: Dictionary) -> Transform3D:
	var p: Array = row["engine_position"]
	var q: Array = row["engine_rotation_xyzw"]
	var s: float = row["engine_scale"]
	var basis := Basis(Quaternion(q[0], q[1], q[2], q[3])).scaled(Vector3(s, s, s))
	return Transform3D(basis, Vector3(p[0], p[1], p[2]))


func _add_multimesh(target: Node3D, root: Node, title: String, mesh: Mesh, rows: Array) -> MultiMeshInstance3D:
	var multimesh := MultiMesh.new()
	multimesh.transform_format = MultiMesh.TRANSFORM_3D
	multimesh.mesh = mesh
	multimesh.instance_count = rows.size()
	for index in rows.size():
		multimesh.set_instance_transform(index, _place(rows[index]))
	var node := MultiMeshInstance3D.new()
	node.name = title
	node.multimesh = multimesh
	target.add_child(node)
	node.owner = root
	return node
